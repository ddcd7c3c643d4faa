"""A project that nobody here wrote: its own tests run in a container, and a second job needs them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.stack import Project, Stack, describe

pytestmark = pytest.mark.docker

PROJECT = "itsdangerous==2.2.0"
#: What its tests need; pure Python, so that the wheels serve in the container too.
NEEDS = ("pytest==8.3.5", "freezegun==1.5.1", "flit_core<4")
WORKFLOW = """\
name: Tests
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    outputs:
      count: ${{ steps.test.outputs.count }}
    steps:
      - uses: actions/checkout@v4
      - name: Make an environment
        run: |
          python3 -m venv "$RUNNER_TEMP/env"
          "$RUNNER_TEMP/env/bin/pip" install --quiet --no-index --find-links wheels pytest freezegun flit_core
          "$RUNNER_TEMP/env/bin/pip" install --quiet --no-index --no-build-isolation --no-deps .
          echo "$RUNNER_TEMP/env/bin" >> "$GITHUB_PATH"
      - name: Run the tests
        id: test
        run: |
          python -m pytest -p no:cacheprovider -q tests | tee "$RUNNER_TEMP/report"
          echo "count=$(sed -n 's/^\\([0-9]*\\) passed.*/\\1/p' "$RUNNER_TEMP/report")" >> "$GITHUB_OUTPUT"
        shell: bash
  report:
    needs: test
    runs-on: ubuntu-latest
    steps:
      - run: echo "passed=${{ needs.test.outputs.count }}"
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution, with the wheels of what its tests need."""
    folder = tmp_path_factory.mktemp("sources")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-binary", ":all:", "--dest", folder, PROJECT], check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    [root] = [path for path in folder.iterdir() if path.is_dir()]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", root / "wheels", *NEEDS], check=True)
    return root


@pytest.fixture
def project(tmp_path: Path, job_image: str, sources: Path) -> Iterator[Project]:
    """The project in a repository of a Forge with one runner, not yet pushed."""
    with Stack(tmp_path / "stack", bridge=True) as stack:
        stack.runner(backend="docker", image=job_image)
        files = {str(path.relative_to(sources)): path.read_bytes() for path in sources.rglob("*") if path.is_file()}
        yield stack.repository({**files, ".github/workflows/tests.yml": WORKFLOW}, private=True)


def test_its_verdict_is_right(project: Project) -> None:
    good = project.completed(project.run(project.push(message="As it is"))["id"], timeout=180)
    jobs = project.jobs(good["id"])
    assert good["conclusion"] == "success", describe(good) + project.log(jobs["test"]["id"])[-4000:]
    [passed] = [
        line for line in project.log(jobs["report"]["id"]).splitlines() if " passed=" in line and "echo" not in line
    ]
    assert int(passed.partition("passed=")[2]) == 297  # as many as its own CI runs

    [test_file] = project.folder.glob("tests/test_itsdangerous/test_signer.py")
    test_file.write_text(test_file.read_text() + "\n\ndef test_broken_on_purpose():\n    assert False\n")
    bad = project.completed(project.run(project.push(message="Break a test"))["id"], timeout=180)
    jobs = project.jobs(bad["id"])
    assert bad["conclusion"] == "failure"
    assert (jobs["test"]["conclusion"], jobs["report"]["conclusion"]) == ("failure", "skipped")
    steps = {step["name"]: step["conclusion"] for step in jobs["test"]["steps"]}
    assert steps["Run the tests"] == "failure"
    assert "test_broken_on_purpose" in project.log(jobs["test"]["id"])
    assert bad["run_number"] == good["run_number"] + 1
