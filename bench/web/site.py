"""A seeded server, as it is run, but without its background work: what is seeded stays as it is."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.rows import CannotRun
from tests import machine
from tests.services import postgresql
from tests.services.process import Process, free_port
from tests.services.stack import clean

ROOT = Path(__file__).resolve().parents[2]
#: What most rows look at.
RUNS = 10_000
LENGTHS = (1_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Site:
    """A served installation. ``paths`` are those that the seed has named; ``pid`` is the server's."""

    url: str
    paths: dict[str, str]
    pid: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Of a seeded page."""
        return self.url + self.paths[name]

    def first_byte(self, client: httpx.Client, path: str) -> float:
        """Seconds from the request to the beginning of its answer."""
        started = time.perf_counter()
        with client.stream("GET", self.url + path) as answer:
            taken = time.perf_counter() - started
            answer.read()
        assert answer.status_code == 200, (path, answer.status_code)
        return taken

    def module(self, name: str, *arguments: str) -> Any:
        """What a module of ours prints as JSON, beside the server, with its settings."""
        return json.loads(_python(name, arguments, self.environment))


@contextmanager
def served(runs: int, lengths: Sequence[int] = (), *, database: str = "") -> Iterator[Site]:
    """A site of its own, on SQLite unless a database's address is given."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="forge-bench-"))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        place = {"FORGE_DATA": folder, "FORGE_URL": url, "DJANGO_SETTINGS_MODULE": "forge.settings"}
        place |= {"FORGE_DATABASE_URL": database} if database else {}
        paths = json.loads(_python("bench.web.seed", [str(runs), *map(str, lengths)], place))
        command = [sys.executable, "-m", "uvicorn", "forge.asgi:application", "--port", str(port), "--lifespan", "off"]
        server = stack.enter_context(
            Process([*command, "--no-access-log"], env=clean(place), without=("FORGE_",), cwd=ROOT)
        )
        server.wait_for("Uvicorn running on")
        yield Site(url, paths, server.pid, place)


@contextmanager
def on_postgresql(runs: int) -> Iterator[tuple[Site, str]]:
    """The same on a PostgreSQL of its own, and the address of that. CannotRun without one."""
    with ExitStack() as stack:
        try:
            database = stack.enter_context(postgresql.postgresql())
        except postgresql.NotInstalled as error:
            raise CannotRun(str(error)) from error
        yield stack.enter_context(served(runs, database=database)), database


@functools.cache
def shared() -> Site:
    """The one that most rows look at; it ends with this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(served(RUNS, LENGTHS))


def needs(*what: machine.Need) -> None:
    """Get what a row needs from the machine; CannotRun where that may not be."""
    if why := machine.install(what, ROOT / "var" / "bench" / "install.log"):
        raise CannotRun(why)


def _python(module: str, arguments: Sequence[str], place: dict[str, str]) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=clean(place), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{module} ended with status {done.returncode}")
    return done.stdout
