"""What a workflow may count on in the default job image, however it was built."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from runner.images import Images
from tests.docker.conftest import backend, run
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.docker import ROOT

pytestmark = pytest.mark.docker
PROGRAMS = (
    "apt-get",
    "bash",
    "curl",
    "find",
    "git",
    "grep",
    "pip3",
    "python",
    "python3",
    "sh",
    "sha256sum",
    "tar",
    "xargs",
)
SCRIPT = f"""
for each in {" ".join(PROGRAMS)}; do command -v $each >/dev/null || echo "missing: $each"; done
python --version; python -c 'import ensurepip'
python -m venv --without-pip /tmp/venv && /tmp/venv/bin/python -c 'print("venv works")'
python -c 'import ssl; print("certificates:", len(ssl.create_default_context().get_ca_certs()) > 50)'
touch /tmp/x && echo "user $(id -u)"
"""


@pytest.fixture(scope="module")
def fresh() -> Iterator[str]:
    """An image built anew from this machine's packages."""
    name = "forge-test/job-image:host"
    subprocess.run([ROOT / "deploy" / "job-image" / "build", "--from-host", "--name", name], check=True)
    yield name
    subprocess.run(["docker", "image", "rm", "-f", name], check=True, capture_output=True)


@pytest.mark.parametrize("which", ["job_image", "fresh"])
def test_what_is_in_it(fleet: Fleet, request: pytest.FixtureRequest, which: str) -> None:
    kept = fleet.run(
        job_of(run(SCRIPT), run("print('from shell: python')", shell="python")),
        backend(images=Images(request.getfixturevalue(which))),
    )
    lines = text_of(kept)
    assert [line for line in lines if line.startswith("missing:")] == []
    assert {"venv works", "certificates: True", "user 0", "from shell: python"} <= set(lines)
    assert any(line.startswith("Python 3.") for line in lines)
