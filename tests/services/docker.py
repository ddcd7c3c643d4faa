"""The Docker engine and the job image that the container tests use."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.process import Process, ProcessEnded

ROOT = Path(__file__).resolve().parents[2]
#: The image that the tests run their jobs in; deploy/job-image/build makes it.
IMAGE = "forge-job:bookworm"
#: A quiet log on a machine whose kernel or file system lacks something that dockerd tries first.
OPTIONS = ("--log-level=info", "--shutdown-timeout=5")


class NoEngine(Exception):
    """There is no engine, and we may or can not start one; the message says why."""


def is_running() -> bool:
    """True when an engine answers where DOCKER_HOST says, or at the usual place."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, timeout=30)
    return asked.returncode == 0


@contextmanager
def engine() -> Iterator[str]:
    """An engine, for as long as the context lasts; yields how we came to it.

    One that runs already is used and left running. Otherwise, as root, one is started and ended at the end.
    """
    if is_running():
        yield "it was running already"
        return
    if os.environ.get("DOCKER_HOST"):
        raise NoEngine(f"nothing answers at DOCKER_HOST={os.environ['DOCKER_HOST']}")
    if os.geteuid() != 0:
        raise NoEngine("no Docker engine answers, and only root can start one")
    for program in ("dockerd", "iptables"):
        if shutil.which(program) is None:
            raise NoEngine(f"{program} is not installed: apt-get install docker.io iptables")
    # A folder of its own for what it keeps while it runs: one that was killed may have left a pid file that names
    # a process which looks alive, and the next would refuse to start beside it.
    with (
        tempfile.TemporaryDirectory(prefix="forge-dockerd-", ignore_cleanup_errors=True) as folder,
        Process(["dockerd", *OPTIONS, f"--pidfile={folder}/docker.pid", f"--exec-root={folder}/exec"]) as daemon,
    ):
        try:
            daemon.wait_for("API listen on", timeout=90)
        except ProcessEnded:
            why = [line for line in daemon.output.splitlines() if "failed to start daemon" in line]
            raise NoEngine(f"dockerd does not start: {why[-1] if why else daemon.output[-500:]}") from None
        yield "started for these tests"
        daemon.stop(timeout=30)


def build_image() -> None:
    """The job image, unless it is there: from the packages of this machine, or else from Debian's archive."""
    build = ROOT / "deploy" / "job-image" / "build"
    if subprocess.run([build, "--keep", "--from-host"]).returncode == 0:
        return
    subprocess.run([build, "--keep"], check=True)
