"""What the chaos tests share: short leases, so that a lost runner is noticed while one waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.stack import Stack, eventually

#: A third of the usual terms; what is measured against the usual ones is said in the test.
SHORT = {"FORGE_LEASE_SECONDS": "9", "FORGE_HEARTBEAT_SECONDS": "3"}


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory, job_image: str) -> Iterator[Stack]:
    """One server process on SQLite, reachable for containers."""
    with Stack(tmp_path_factory.mktemp("one") / "stack", environment=SHORT, bridge=True) as made:
        yield made


@pytest.fixture(scope="module")
def several_processes(
    tmp_path_factory: pytest.TempPathFactory, job_image: str, postgresql_url: str, redis_url: str
) -> Iterator[Stack]:
    """Web, worker and beat as processes of their own, on PostgreSQL and Redis."""
    services = (postgresql_url, redis_url)
    with Stack(tmp_path_factory.mktemp("several") / "stack", environment=SHORT, several=services, bridge=True) as made:
        yield made


@pytest.fixture
def stack(one_process: Stack) -> Iterator[Stack]:
    """The server in one process, for one test: its runners end with it."""
    yield one_process
    end(one_process)


@pytest.fixture
def several(several_processes: Stack) -> Iterator[Stack]:
    """The server in several processes, for one test."""
    yield several_processes
    end(several_processes)


def end(stack: Stack) -> None:
    """Stop the agents of a test, which may leave nothing on the engine, and rows that keep the rules."""
    stack.stop_runners()
    eventually(lambda: not stack.containers(), timeout=20, what="no container is left")
    stack.rules_hold()


def workflow(script: str, *, more: str = "") -> dict[str, str]:
    """A workflow file with one job `work` of one step."""
    indented = script.replace("\n", "\n          ")
    text = f"""\
name: Work
on: push
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: |
          {indented}
{more}"""
    return {".github/workflows/work.yml": text}
