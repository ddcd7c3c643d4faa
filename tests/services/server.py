"""Forge itself: the real server as a process, with a data folder of its own, as a person starts it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.services.process import Process

ROOT = Path(__file__).resolve().parents[2]
#: What belongs to the tests' own process and must not reach a server beside it.
NOT_INHERITED = ("FORGE_", "DJANGO_", "PYTEST_", "PORT", "DATA")
FORGE = (sys.executable, "-W", "error", "-m", "forge.cli")


@dataclass(frozen=True)
class Person:
    """Somebody with an account: what a browser, git and API clients need to sign in."""

    login: str
    password: str
    token: str


@dataclass
class Server:
    """A running server: `url` is where people and clients reach it."""

    url: str
    data: Path
    process: Process
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, given: str = "") -> str:
        """What `forge …` prints, run beside this server; `given` is its standard input."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        done = subprocess.run(
            [*FORGE, *arguments],
            cwd=ROOT,
            env={**inherited, **self.environment, "FORGE_DATA": str(self.data), "FORGE_URL": self.url},
            input=given,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"forge {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def person(self, login: str, *, admin: bool = False, scopes: str = "repo,workflow,admin:org") -> Person:
        """A new user with a password and a token."""
        password = secrets.token_urlsafe(12)
        self.command("user", "create", login, *(["--admin"] if admin else []), given=f"{password}\n")
        return Person(login, password, self.command("token", "create", login, "--scopes", scopes))

    def repository(self, full_name: str, *, private: bool = False) -> str:
        """A new repository; its address for git."""
        self.command("repo", "create", full_name, *(["--private"] if private else []))
        return f"{self.url}/{full_name}.git"

    def git_url(self, full_name: str, person: Person) -> str:
        """The address of a repository with the person's token in it."""
        parts = urlsplit(f"{self.url}/{full_name}.git")
        return urlunsplit(parts._replace(netloc=f"{person.login}:{person.token}@{parts.netloc}"))


@contextmanager
def server(
    data: Path, *arguments: str, port: int = 0, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """`forge up` on a free port (or `port`, to come back where one was killed), ready to answer.

    `arguments` and `environment` go to it as they are; nothing of the tests' own settings does.
    """
    own = dict(environment or {})
    command = [*FORGE, "up", "--port", str(port), "--data", str(data), *arguments]
    with Process(command, env=own, without=NOT_INHERITED, cwd=ROOT) as process:
        url = process.wait_for(r"^Forge is ready at (\S+)")[1]
        yield Server(url, data, process, own)
