"""The server that all scenarios of a session share, its agents, and who plays them."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg
from psycopg import sql

from tests.scenarios.agents import CONTAINER_GRACES, Hand, backend, containers
from tests.scenarios.case import Case
from tests.scenarios.outcome import Outcome
from tests.scenarios.player import Player
from tests.scenarios.rows import Rows
from tests.services.stack import LOGIN, PASSWORD, Stack

#: An organisation whose owner is the person.
ORGANIZATION = "acme"
#: Labels of the agents that take ordinary jobs.
LABELS = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "windows-latest", "macos-latest", "gpu")
#: Jobs of an agent at once, and how many such agents there are: each takes one job after the other.
CAPACITY, AGENTS = 24, 3
#: Scenarios under way at once.
AT_ONCE = 24
#: A lost runner is noticed after so many seconds; long enough for a busy machine's heartbeats.
ENVIRONMENT = {
    "FORGE_LEASE_SECONDS": "20",
    "FORGE_HEARTBEAT_SECONDS": "5",
}


#: The same where each job is a container.
CONTAINERS, CONTAINERS_AT_ONCE = 8, 8


class Stage:
    """A whole Forge with agents; ``play`` begins scenarios, ``outcome`` waits for one.

    With ``real`` its agents run jobs in containers. Each has a name of its own on the engine, which begins with
    ``identity``.
    """

    def __init__(self, folder: Path, *, real: bool = False) -> None:
        self.folder = folder
        self.real = real
        self.identity = f"scenarios-{os.getpid()}-{folder.name}"
        self._numbers = itertools.count(1)
        services = _services()
        self.stack = Stack(folder / "stack", environment=ENVIRONMENT, several=services, bridge=real)
        self.rows = Rows(services[0] if services else self.stack.data / "forge.sqlite3")
        self.hands: list[Hand] = []
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        usual = {"base_url": self.stack.url, "limits": limits, "timeout": 60, "trust_env": False}
        self.client = httpx.Client(**usual)  # programs, by the REST API
        self.browser = httpx.Client(**usual)  # the person's pages and their live streams
        self._pool = ThreadPoolExecutor(CONTAINERS_AT_ONCE if real else AT_ONCE, thread_name_prefix="scenario")
        self._playing: dict[str, Future[Outcome]] = {}

    def __enter__(self) -> Stage:
        self.stack.__enter__()
        try:
            self.stack.forge("org", "create", ORGANIZATION, "--owner", LOGIN)
            self.client.headers["Authorization"] = f"Bearer {self.stack.token}"
            self._log_in()
            token = self.stack.forge("runner", "token").strip()
            for _ in range(AGENTS):
                self.hands.append(self.hand(token, LABELS, capacity=CONTAINERS if self.real else CAPACITY))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End everything, agents first, so that they can give back their jobs."""
        self._pool.shutdown(cancel_futures=True)
        for hand in self.hands:
            hand.stop()
        self.client.close()
        self.browser.close()
        self.rows.close()
        self.stack.stop()

    def hand(self, token: str, labels: tuple[str, ...], **more: Any) -> Hand:
        """One more agent, for the caller to stop; ``endless``, ``failure``, ``name`` and ``capacity`` as said."""
        place = self.folder / "agents"
        if self.real:
            machine = containers(f"{self.identity}-{next(self._numbers)}", self.folder)
            more |= {"container_url": self.stack.container_url, "graces": CONTAINER_GRACES}
            return Hand(self.stack.url, token, place, labels, backend=machine, **more)
        faults = {name: more.pop(name) for name in ("endless", "failure") if name in more}
        return Hand(self.stack.url, token, place, labels, backend=backend(labels=labels, **faults), **more)

    def play(self, cases: Iterable[Case]) -> None:
        """Begin these scenarios, as many at once as there is room, those that wait for time first."""
        for case in sorted(cases, key=lambda one: not one.runners):
            self._playing[case.name] = self._pool.submit(self._play, case)

    def outcome(self, name: str) -> Outcome:
        """What came of a scenario, when it is over."""
        return self._playing[name].result()

    def outcomes(self) -> dict[str, Outcome]:
        """What came of all that have begun, when all are over."""
        return {name: future.result() for name, future in self._playing.items() if not future.exception()}

    def _play(self, case: Case) -> Outcome:
        try:
            return Player(self, case).play()
        finally:
            self.rows.close()

    def _log_in(self) -> None:
        page = self.browser.get("/login")
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert found, "the login page has no form"
        form = {"login": LOGIN, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
        answer = self.browser.post("/login", data=form, headers={"Referer": f"{self.stack.url}/login"})
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"


def _services() -> tuple[str, str] | None:
    """A database of our own on the PostgreSQL of this session, and its Redis; None where there are none."""
    address, redis = os.environ.get("FORGE_DATABASE_URL", ""), os.environ.get("FORGE_REDIS_URL", "")
    if not address or not redis:
        return None
    name = f"scenarios_{os.getpid()}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{address.rpartition('/')[0]}/{name}", redis
