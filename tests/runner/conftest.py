"""An agent with a server and a backend in this very process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.backends.base import Backend
from runner.backends.fake import FakeBackend
from runner.client import Client
from runner.clock import Timed
from runner.errors import Refused
from runner.fake_server import FakeServer, KeptJob
from runner.poller import Agent, AgentSettings, Pace
from runner.step import Graces
from workflows import log_lines
from workflows.messages import Assignment, RepositoryInfo, Urls
from workflows.model import Job, Step

CREDENTIAL = "credential-of-a-test"


def job_of(*steps: Step, **fields: Any) -> Assignment:
    """An assignment with these steps; fields of the job's definition may be given by ``definition``."""
    definition = Job(id="test", runs_on=("linux",), steps=steps, **fields.pop("definition", {}))
    made = Assignment(
        job=1,
        epoch=1,
        lease_token="lease-token-1",
        lease_seconds=45,
        offline_limit_seconds=3600,
        run=7,
        run_number=3,
        attempt=1,
        job_name="test",
        repository=RepositoryInfo(5, "octo/project", "http://127.0.0.1:1/octo/project.git"),
        sha="a" * 40,
        ref="refs/heads/main",
        workflow_path=".github/workflows/ci.yml",
        definition=definition,
        contexts={"github": {"actor": "alice", "event": {"before": "0"}}},
        secrets={},
        github_token="job-token-secret",
        urls=Urls("http://127.0.0.1:1", "http://127.0.0.1:1/api/v3", "http://127.0.0.1:1/api/graphql"),
    )
    return replace(made, **fields)


def text_of(kept: KeptJob) -> list[str]:
    """The log's lines without their stamps."""
    log = log_lines.joined(bytes(kept.log)).decode()
    return [line[log_lines.PREFIX_LENGTH :] for line in log.splitlines()]


class Fleet:
    """Agents of one test, all with one server."""

    def __init__(self, folder: Path) -> None:
        self.server = FakeServer()
        self.server.admit(CREDENTIAL)
        self.leases = folder / "leases"
        self.refused: list[Refused] = []
        self._running: list[tuple[Agent, threading.Thread]] = []

    def start(self, backend: Backend, **settings: Any) -> Agent:
        """An agent that runs."""
        pace = settings.pop("pace", Pace(wait=20, heartbeat=0.05, brief=0.02, retry=0.01))
        graces = settings.pop("graces", Graces(0.1, 0.1, 2))
        made = AgentSettings(
            leases=self.leases,
            runner={"name": "tester", "os": "Linux", "arch": "X64", "environment": "self-hosted"},
            pace=pace,
            graces=graces,
            **settings,
        )
        agent = Agent(Client(Timed(self.server, made.clock), CREDENTIAL), backend, made)
        thread = threading.Thread(target=self._carry, args=(agent,), name="agent")
        thread.start()
        self._running.append((agent, thread))
        return agent

    def _carry(self, agent: Agent) -> None:
        try:
            agent.run()
        except Refused as error:
            self.refused.append(error)

    def join(self, timeout: float = 10) -> None:
        """Wait until every agent has ended."""
        for _, thread in self._running:
            thread.join(timeout)
            assert not thread.is_alive(), "the agent does not end"

    def end(self) -> None:
        """Stop all."""
        for agent, _ in self._running:
            agent.drain()
            agent.drain()
        self.server.set_away(False)
        self.join()

    def run(self, assignment: Assignment, backend: Backend | None = None, **settings: Any) -> KeptJob:
        """Carry one job to its end."""
        kept = self.server.give(assignment)
        self.start(backend or FakeBackend(), **settings)
        assert self.server.wait_for(lambda: kept.end is not None, 60), "the job does not end"
        return kept


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Agents and a server; nothing of them is left at the end."""
    made = Fleet(tmp_path)
    yield made
    made.end()
    assert list((tmp_path / "leases").iterdir()) == []


Carry = Callable[..., KeptJob]


@pytest.fixture
def carry(fleet: Fleet) -> Carry:
    """Run one job; what the server was told about it."""
    return fleet.run
