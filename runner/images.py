"""Which image a container gets, and how it is had: from this machine, else pulled, else built.

Pull and build are programs beside the agent, shared by all jobs that wait for the same image; the end of the last job
that waits for one ends it.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import DockerException, ImageNotFound

from runner.backends.base import Finding
from runner.containers.spec import Login
from runner.errors import InfrastructureError, JobEnded
from runner.fetches import Fetches, Outcome, Program
from runner.stop import Stop

DEFAULT_IMAGE = "forge-job:bookworm"
_BUILD = Path(__file__).resolve().parent.parent / "deploy" / "job-image" / "build"
_PULL = (sys.executable, "-P", str(Path(__file__).with_name("pull_image.py")))
_TRIES = 3
#: In what the engine says of a pull: asking again makes no sense.
_FINAL = (
    "authentication required",
    "denied",
    "does not exist",
    "invalid reference format",
    "manifest unknown",
    "no basic auth",
    "no matching manifest",
    "not found",
    "unauthorized",
)


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
    ahead: tuple[str, ...] | None = None  # fetched when the agent starts; None: all that are configured
    pause: tuple[float, float] = (1, 10)  # s between the tries of a pull: least and most
    fetches: Fetches = field(default_factory=Fetches, compare=False)

    def choose(self, labels: tuple[str, ...]) -> str:
        """The image of the first label that has one, or the default."""
        return next((self.by_label[label] for label in labels if label in self.by_label), self.default)

    def ensure(self, client: Any, labels: tuple[str, ...], say: Callable[[str], None], stop: Stop) -> str:
        """Have the image of these labels here; its name. Fails as ``fetch`` does."""
        return self.fetch(client, self.choose(labels), None, say, stop)

    def fetch(self, client: Any, name: str, login: Login | None, say: Callable[[str], None], stop: Stop) -> str:
        """Have an image here; what it is called here. One that needs credentials is always asked for at its registry.

        InfrastructureError ``image_unavailable`` says all that was tried; JobEnded when the job was stopped meanwhile.
        """
        if login is None and _is_here(client, name):
            return name
        is_built = name == self.default and bool(self.build) and login is None
        if login is None:
            say(f"The image {name} is not on this machine; pulling it")
        else:
            say(f"Pulling the image {name} as {login.username}")
        outcome = self._pull(name, login, say, stop, tries=1 if is_built else _TRIES)
        if outcome.code and is_built:
            say(f"It cannot be pulled ({outcome.said}); building it")
            outcome = self._build(name, stop)
        if outcome.code:
            raise InfrastructureError("image_unavailable", _unavailable(name, login, outcome))
        return outcome.said if login else name

    def fetch_ahead(self, client: Callable[[], Any], say: Callable[[str], None], stop: Stop) -> None:
        """Have the images here before jobs want them; what cannot be had is said, and tried again then."""
        configured = (self.default, *self.by_label.values())
        for name in dict.fromkeys(configured if self.ahead is None else self.ahead):
            try:
                self.fetch(client(), name, None, say, stop)
            except InfrastructureError as error:
                say(str(error))
            except JobEnded:
                return

    def check(self, client: Any) -> list[Finding]:
        """For ``doctor``: which of the images are here."""
        mend = f"it is pulled or built when first needed; now: docker pull, or {' '.join(self.build) or 'build it'}"
        return [
            Finding(f"image {name}", _is_here(client, name), "on this machine", mend.replace("{image}", name))
            for name in dict.fromkeys((self.default, *self.by_label.values()))
        ]

    def _pull(self, name: str, login: Login | None, say: Callable[[str], None], stop: Stop, *, tries: int) -> Outcome:
        wanted = {"name": name, **({"username": login.username, "password": login.password} if login else {})}
        program = Program(_PULL, self._environment(), json.dumps(wanted).encode())
        for left in reversed(range(tries)):
            outcome = self.fetches.run((name, login), program, stop)
            if not outcome.code or not left or any(word in outcome.said.lower() for word in _FINAL):
                break
            pause = random.uniform(*self.pause)
            say(f"The pull failed ({outcome.said}); trying again in {pause:.1f} s")
            if stop.wait_for(lambda: stop.cancelled, pause):
                raise JobEnded("The job was stopped while its image was fetched.")
        return outcome

    def _build(self, name: str, stop: Stop) -> Outcome:
        command = tuple(part.replace("{image}", name) for part in self.build)
        return self.fetches.run(command, Program(command, self._environment()), stop)

    def _environment(self) -> Mapping[str, str]:
        return {"DOCKER_HOST": self.engine} if self.engine else {}


def _unavailable(name: str, login: Login | None, outcome: Outcome) -> str:
    said = outcome.said or f"the program ended with {outcome.code}"
    if login is None:
        return f"The image {name} is not on this machine and cannot be had: {said}"
    return f"The image {name} cannot be had with the credentials of {login.username}: {said}"


def _is_here(client: Any, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    except (DockerException, OSError) as error:
        raise InfrastructureError("engine_unavailable", f"The Docker engine cannot be asked: {error}") from error
    return True
