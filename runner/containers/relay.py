"""Ports of services at localhost of a job that names no container of its own.

Such a job is written for a machine, where ``ports`` are found at localhost; here it runs in the container of its label.
``forge-relay`` (relay.c) listens there: in a container of its own that shares the network of the job's container, so
that two jobs on one machine never want the same port, and nothing is opened on the machine.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from runner.containers.engine import refused
from runner.containers.resources import JobResources
from runner.containers.services import Service
from runner.errors import InfrastructureError, JobEnded
from runner.stop import Stop

_SOURCE = Path(__file__).with_name("relay.c")
_COMPILERS = ("musl-gcc", "gcc", "cc")
_FLAGS = ("-static", "-Os", "-std=gnu11", "-s")
_PLACE = "/forge-relay"
_PATIENCE = 120  # s that the compiler may take
_PAUSE = 0.005  # s before the second look at whether it is ready; twice as long before each further one
_NOBODY = "65534:65534"


def program(folder: Path) -> Path:
    """The program in this data folder, built when it is not there yet; InfrastructureError ``machine_failed``."""
    key = hashlib.sha256(_SOURCE.read_bytes() + platform.machine().encode() + " ".join(_FLAGS).encode()).hexdigest()
    target = folder / "externals" / f"relay-{key[:16]}"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        _build(target)
    return target


def _build(target: Path) -> None:
    problem = "this machine has no C compiler (musl-gcc, gcc, cc)"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="build-") as folder:
        made = Path(folder) / "forge-relay"
        for compiler in filter(None, map(shutil.which, _COMPILERS)):
            command = [compiler, *_FLAGS, "-o", str(made), str(_SOURCE)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE)
            except (OSError, subprocess.TimeoutExpired) as error:
                problem = f"{compiler}: {error}"
                continue
            if done.returncode == 0:
                made.chmod(0o755)
                made.replace(target)
                return
            problem = f"{compiler}: {done.stderr.strip()[-500:]}"
    text = "Ports of services cannot be reached at localhost here: forge-relay cannot be built, "
    text += f"{problem}. Install a C compiler on the runner's machine, or let the job name a container."
    raise InfrastructureError("machine_failed", text)


def start(
    resources: JobResources, folder: Path, job_container: str, image: str, services: Iterable[Service], stop: Stop
) -> None:
    """Make the ports of services reachable at localhost of the job's container, which runs already."""
    routes = [
        f"{port.protocol}:{outer}:{service.address(resources.network)}:{port.inner}"
        for service in services
        for port, outer in service.outer.items()
    ]
    if not routes:
        return
    container = resources.start(image, "relay", _arguments(resources, program(folder), job_container, routes))
    said = _first_words(container, stop)
    if said != "ready":
        raise InfrastructureError("container_failed", f"Ports of services cannot be reached at localhost: {said}")


def _first_words(container: Any, stop: Stop) -> str:
    """What it says, as soon as it says something or has ended."""
    pause = _PAUSE
    while True:
        try:
            container.reload()
            is_running = container.attrs["State"]["Running"]
            said = container.logs().decode(errors="replace").strip()
        except (DockerException, OSError) as error:
            raise refused(error, "container_failed") from error
        if said or not is_running:
            return said or "forge-relay has ended."
        if stop.wait_for(lambda: stop.cancelled, pause):
            raise JobEnded("The job was stopped while its services were started.")
        pause *= 2


def _arguments(resources: JobResources, path: Path, job_container: str, routes: list[str]) -> dict[str, Any]:
    return {
        "entrypoint": [_PLACE],
        "command": routes,
        "user": _NOBODY,
        "working_dir": "/",
        "labels": resources.labels,
        "network_mode": f"container:{job_container}",
        "volumes": [f"{path}:{_PLACE}:ro"],
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": 4096,  # two for every connection
        "mem_limit": 256 << 20,
        "healthcheck": {"test": ["NONE"]},
        "log_config": {"Type": "local", "Config": {"max-size": "1m", "max-file": "1", "compress": "false"}},
    }
