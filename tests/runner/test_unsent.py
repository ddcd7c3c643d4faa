"""What a killed agent leaves behind, and what it gives up: the server is told, and gets the rest of the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.backends.base import Lease
from runner.backends.fake import FakeBackend
from runner.errors import InfrastructureError
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of
from tests.services.stack import eventually
from workflows.model import Step

SLEEP = Step(id="__run", run="# stubborn\necho begin\nsleep 600")
LOG = b"2026-01-15T12:00:01.0000000Z a line\n" * 40_000  # more than one append holds


def left_behind(fleet: Fleet, data: bytes | None = LOG, *, job: int = 1, epoch: int = 1) -> None:
    """The folder of a lease, as a kill leaves it."""
    folder = fleet.leases / str(Lease(job, epoch))
    (folder / "work" / "_temp").mkdir(parents=True)
    if data is not None:
        (folder / "log").write_bytes(data)


def given(fleet: Fleet, *, stored: int = 0, job: int = 1) -> KeptJob:
    """A job that the server believes to be running on this agent, with the beginning of its log."""
    kept = fleet.server.give(job_of(SLEEP, job=job))
    fleet.server.forget_queue()
    kept.log += LOG[:stored]
    return kept


@pytest.mark.parametrize("stored", [0, 1000, len(LOG)])
def test_the_rest_of_the_log_arrives_after_a_kill(fleet: Fleet, stored: int) -> None:
    kept = given(fleet, stored=stored)
    left_behind(fleet)
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: kept.left is not None and len(kept.log) == len(LOG))
    assert bytes(kept.log) == LOG
    assert kept.left is not None
    assert kept.left.log_length == len(LOG)
    fleet.end()
    assert list((fleet.leases.parent / "unsent").iterdir()) == []


def test_a_job_without_a_log_is_given_up_all_the_same(fleet: Fleet) -> None:
    kept = given(fleet)
    left_behind(fleet, None)
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: kept.left is not None)
    assert not kept.held


@pytest.mark.parametrize("job", [1, 7], ids=["of another epoch", "of an unknown job"])
def test_what_nobody_wants_is_thrown_away(fleet: Fleet, job: int) -> None:
    kept = given(fleet)
    left_behind(fleet, job=job, epoch=2)
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: "POST /api/v1/runners/recover" in fleet.server.paths)
    fleet.end()
    assert list((fleet.leases.parent / "unsent").iterdir()) == []
    assert kept.log == b""


def test_a_log_that_became_a_link_is_not_followed(fleet: Fleet, tmp_path: Path) -> None:
    kept = given(fleet)
    (tmp_path / "secret").write_bytes(b"secret")
    left_behind(fleet, None)
    (fleet.leases / "1-1" / "log").symlink_to(tmp_path / "secret")
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: kept.left is not None)
    fleet.end()
    assert kept.log == b""
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_an_outage_and_lost_answers_only_make_it_wait(fleet: Fleet) -> None:
    kept = given(fleet)
    left_behind(fleet)
    fleet.server.set_away(True)
    fleet.start(FakeBackend())
    fleet.server.break_next("recover")
    fleet.server.break_next("log", 2)
    fleet.server.set_away(False)
    assert fleet.server.wait_for(lambda: bytes(kept.log) == LOG)


class Unclear(FakeBackend):
    """An engine that does not answer at first: nobody knows whether something of the job runs."""

    tries = 0

    def sweep(self, held: object) -> list[str]:
        self.tries += 1
        if self.tries == 1:
            raise InfrastructureError("engine_unavailable", "not yet")
        return []


def test_nothing_is_said_before_it_is_known_that_nothing_runs(fleet: Fleet) -> None:
    kept = given(fleet)
    left_behind(fleet)
    backend = Unclear()
    fleet.start(backend)
    assert fleet.server.wait_for(lambda: bool(fleet.server.polls))
    assert kept.left is None
    other = fleet.server.give(job_of(Step(id="__run", run="echo on"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: other.end is not None)  # after each job the agent looks again
    assert fleet.server.wait_for(lambda: bytes(kept.log) == LOG)
    assert backend.tries > 1


def test_the_log_of_a_job_that_is_lost_arrives_in_the_end(fleet: Fleet) -> None:
    fleet.server.unreachable = {"log"}  # nothing of it came while the job ran
    kept = fleet.server.give(job_of(SLEEP, offline_limit_seconds=0))
    agent = fleet.start(FakeBackend())
    written = fleet.leases / "1-1" / "log"
    eventually(lambda: written.exists() and b"Z begin\n" in written.read_bytes(), what="the step has written")
    fleet.server.set_away(True)
    eventually(lambda: agent.conclusions == [None], what="the job is given up")
    fleet.server.unreachable = set()
    fleet.server.set_away(False)
    assert fleet.server.wait_for(lambda: kept.left is not None and len(kept.log) == kept.left.log_length)
    assert b"Z begin\n" in kept.log
    assert not kept.held
