"""Which image a job gets, and how it is had: from this machine, else pulled, else built.

Pull and build are programs beside the agent; the end of the job that waits for them ends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import DockerException, ImageNotFound

from runner import process_tree
from runner.backends.base import Finding
from runner.errors import InfrastructureError, JobEnded
from runner.stop import Stop

DEFAULT_IMAGE = "forge-job:bookworm"
_BUILD = Path(__file__).resolve().parent.parent / "deploy" / "job-image" / "build"
_PULL = (sys.executable, "-P", str(Path(__file__).with_name("pull_image.py")))
_SHOWN = 2000  # bytes of what a failed pull or build said


def default_build() -> tuple[str, ...]:
    """The command that builds the default image, where this is a checkout of the project."""
    return (str(_BUILD), "--name", "{image}") if _BUILD.is_file() else ()


@dataclass(frozen=True)
class Images:
    """Labels to images. ``build`` makes the default image; ``{image}`` in it is its name."""

    default: str = DEFAULT_IMAGE
    by_label: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, ...] = field(default_factory=default_build)
    engine: str = ""  # its address, where it is not the usual one

    def choose(self, labels: tuple[str, ...]) -> str:
        """The image of the first label that has one, or the default."""
        return next((self.by_label[label] for label in labels if label in self.by_label), self.default)

    def ensure(self, client: Any, labels: tuple[str, ...], say: Callable[[str], None], stop: Stop) -> str:
        """Have the image of these labels here; its name.

        InfrastructureError ``image_unavailable`` says all that was tried; JobEnded when the job was stopped meanwhile.
        """
        name = self.choose(labels)
        if _is_here(client, name):
            return name
        say(f"The image {name} is not on this machine; pulling it")
        environment = {"DOCKER_HOST": self.engine} if self.engine else {}
        problem = _problem((*_PULL, name), environment, stop)
        if problem and name == self.default and self.build:
            say(f"It cannot be pulled ({problem}); building it")
            problem = _problem(tuple(part.replace("{image}", name) for part in self.build), environment, stop)
        if problem:
            text = f"The image {name} is not on this machine and cannot be had: {problem}"
            raise InfrastructureError("image_unavailable", text)
        return name

    def check(self, client: Any) -> list[Finding]:
        """For ``doctor``: which of the images are here."""
        mend = f"it is pulled or built when first needed; now: docker pull, or {' '.join(self.build) or 'build it'}"
        return [
            Finding(f"image {name}", _is_here(client, name), "on this machine", mend.replace("{image}", name))
            for name in dict.fromkeys((self.default, *self.by_label.values()))
        ]


def _is_here(client: Any, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    except (DockerException, OSError) as error:
        raise InfrastructureError("engine_unavailable", f"The Docker engine cannot be asked: {error}") from error
    return True


def _problem(command: tuple[str, ...], environment: Mapping[str, str], stop: Stop) -> str:
    """Run a program to its end: empty when it went well, else what it said last. JobEnded when the job is stopped."""
    mark = f"image_{uuid.uuid4()}"
    variables = {**os.environ, **environment, "RUNNER_TRACKING_ID": mark}
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=variables
            )
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        _wait(process, mark, stop)
        said.seek(max(0, said.seek(0, os.SEEK_END) - _SHOWN))
        text = said.read().decode(errors="replace").strip()
    return "" if process.returncode == 0 else text or f"{command[0]} ended with {process.returncode}"


def _wait(process: subprocess.Popen[bytes], mark: str, stop: Stop) -> None:
    """Come back when it has ended; kill it, with all that it started, when the job is stopped."""

    def reap() -> None:
        process.wait()
        stop.notify()

    waiter = threading.Thread(target=reap, name="image-wait", daemon=True)
    waiter.start()
    stop.wait_for(lambda: process.returncode is not None or stop.cancelled)
    if process.returncode is None:
        process_tree.send(mark, "KILL", process.pid)
    waiter.join()
    if stop.cancelled:
        raise JobEnded("The job was stopped while its image was fetched.")
