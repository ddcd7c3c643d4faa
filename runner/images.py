"""Which image a job gets, and how it is had: from this machine, else pulled, else built."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound

from runner.backends.base import Finding
from runner.errors import InfrastructureError

DEFAULT_IMAGE = "forge-job:bookworm"
_BUILD = Path(__file__).resolve().parent.parent / "deploy" / "job-image" / "build"
_SHOWN = 2000  # characters of what a failed build said


def default_build() -> tuple[str, ...]:
    """The command that builds the default image, where this is a checkout of the project."""
    return (str(_BUILD), "--name", "{image}") if _BUILD.is_file() else ()


@dataclass(frozen=True)
class Images:
    """Labels to images. ``build`` makes the default image; ``{image}`` in it is its name."""

    default: str = DEFAULT_IMAGE
    by_label: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, ...] = field(default_factory=default_build)

    def choose(self, labels: tuple[str, ...]) -> str:
        """The image of the first label that has one, or the default."""
        return next((self.by_label[label] for label in labels if label in self.by_label), self.default)

    def ensure(self, client: Any, labels: tuple[str, ...], say: Callable[[str], None]) -> str:
        """Have the image of these labels here; InfrastructureError ``image_unavailable`` says all that was tried."""
        name = self.choose(labels)
        if _is_here(client, name):
            return name
        say(f"The image {name} is not on this machine; pulling it")
        problem = _pull(client, name)
        if problem and name == self.default and self.build:
            say(f"It cannot be pulled ({problem}); building it")
            problem = _build(tuple(part.replace("{image}", name) for part in self.build)) or ""
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


def _pull(client: Any, name: str) -> str:
    """Empty when it was pulled, else the engine's own words."""
    try:
        client.images.pull(name)
    except (APIError, DockerException, OSError) as error:
        return str(getattr(error, "explanation", "") or error)
    return ""


def _build(command: tuple[str, ...]) -> str:
    """Empty when it was built, else what the builder said last."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return "" if done.returncode == 0 else f"{command[0]} failed: {(done.stdout + done.stderr)[-_SHOWN:].strip()}"
