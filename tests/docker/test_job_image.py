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


def test_the_image_that_it_replaces_goes() -> None:
    """Unless it has another name: nobody would find it among those without one."""
    name, other = "forge-test/job-image:twice", "forge-test/job-image:other"
    empty, mine = (
        subprocess.run(
            ["docker", "import", "--change", f"LABEL of={each}", "-", each],
            input=bytes(1024),
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
        for each in (name, other)
    )
    build = [ROOT / "deploy" / "job-image" / "build", "--from-host", "--name"]
    try:
        subprocess.run([*build, name], check=True)
        assert subprocess.run(["docker", "image", "inspect", empty], capture_output=True).returncode == 1
        subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)
        subprocess.run(["docker", "tag", other, name], check=True)
        subprocess.run([*build, name], check=True)
        assert subprocess.run(["docker", "image", "inspect", mine], capture_output=True).returncode == 0
    finally:
        subprocess.run(["docker", "image", "rm", "-f", name, other], check=True, capture_output=True)


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
