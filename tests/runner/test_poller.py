"""Polling, cancels, leases and draining, against a server that misbehaves on purpose."""

from __future__ import annotations

import pytest

from runner.backends.fake import FakeBackend
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Step


def run(text: str, **fields: object) -> Step:
    return Step(id="__run", run=text, **fields)  # type: ignore[arg-type]


def is_running(kept: KeptJob, number: int = 2) -> bool:
    return number in kept.steps and kept.steps[number].status == "in_progress"


@pytest.mark.parametrize("poll_only", [False, True])
def test_cancel_stops_the_step_and_always_runs(fleet: Fleet, poll_only: bool) -> None:
    kept = fleet.server.give(job_of(run("sleep 600"), run("echo no"), run("echo cleaned up", if_="always()")))
    fleet.start(FakeBackend(), poll_only=poll_only)
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("cancelled", "cancelled")
    assert [kept.steps[number].conclusion for number in (2, 3, 4)] == ["cancelled", "skipped", "success"]
    assert "cleaned up" in text_of(kept)


def test_a_step_that_wants_to_go_on_is_left_alone(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 0.5\necho went on", if_="always()")))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert "went on" in text_of(kept)
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"


def test_a_stubborn_step_is_killed(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("# stubborn\nsleep 600")))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)


def test_force_runs_nothing_more(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("# stubborn\nsleep 600"), run("echo no", if_="always()")))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.cancel(1, force=True)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert "no" not in text_of(kept)
    assert kept.steps[3].conclusion == "cancelled"


def test_step_timeout_is_a_failure(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("sleep 600", timeout_minutes=0.002, name="slow"), run("echo after", if_="failure()")))
    assert kept.steps[2].conclusion == "failure"
    assert any("The action 'slow' has timed out after 0.002 minutes." in line for line in text_of(kept))
    assert "after" in text_of(kept)


def test_job_timeout(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("sleep 600"), run("echo post", if_="always()"), timeout_minutes=0.005))
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("timed_out", "timed_out")
    assert "post" in text_of(kept)


def test_a_cancel_that_is_not_obeyed_ends_by_itself(fleet: Fleet) -> None:
    steps = (run("sleep 600"), run("sleep 600", if_="always()"))
    kept = fleet.server.give(job_of(*steps, cancel_timeout_minutes=0.01))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.steps[3].conclusion == "cancelled"


@pytest.mark.parametrize("door", ["poll", "status", "steps", "log"])
def test_lost_answers_do_no_harm(fleet: Fleet, door: str) -> None:
    fleet.server.break_next(door, 2)
    kept = fleet.run(job_of(run("echo hello"), run("seq 1000")))
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    assert kept.end.log_length == len(kept.log)
    assert text_of(kept).count("1000") == 1


def test_a_lost_assignment_is_asked_for_with_the_same_key(fleet: Fleet) -> None:
    fleet.server.break_next("poll", 1)
    fleet.run(job_of(run("echo hello")))
    assert fleet.server.polls[0].request_key == fleet.server.polls[1].request_key


def test_an_outage_only_makes_the_log_wait(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 0.3\nseq 20000"), run("echo done")))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.set_away(True)
    assert not fleet.server.wait_for(lambda: kept.end is not None, 1)
    fleet.server.set_away(False)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    assert "20000" in text_of(kept)


def test_offline_limit_kills_the_job(fleet: Fleet) -> None:
    backend = FakeBackend()
    kept = fleet.server.give(job_of(run("# stubborn\nsleep 600"), offline_limit_seconds=0))
    agent = fleet.start(backend)
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.set_away(True)
    agent.drain()
    fleet.join()
    assert kept.end is None
    assert backend.closed == backend.prepared


def test_a_lost_lease_ends_everything_and_says_nothing(fleet: Fleet) -> None:
    backend = FakeBackend()
    kept = fleet.server.give(job_of(run("# stubborn\nsleep 600")))
    agent = fleet.start(backend)
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.take_away(1)
    agent.drain()
    fleet.join()
    assert kept.end is None
    assert backend.closed == backend.prepared
    assert agent.conclusions == [None]


@pytest.mark.parametrize("poll_only", [False, True])
def test_a_removed_runner_ends_and_leaves_nothing_running(fleet: Fleet, poll_only: bool) -> None:
    backend = FakeBackend()
    kept = fleet.server.give(job_of(run("# stubborn\nsleep 600"), run("echo no", if_="always()")))
    agent = fleet.start(backend, poll_only=poll_only, capacity=2)
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.dismiss()
    fleet.join()
    assert [error.status for error in fleet.refused] == [401]
    assert backend.closed == backend.prepared
    assert agent.conclusions == [None]
    assert "no" not in text_of(kept)


def test_a_poll_is_open_at_capacity_zero_and_renewed_when_there_is_room(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 0.2")))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: kept.end is not None)
    second = fleet.server.give(job_of(run("echo second"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: second.end is not None)
    assert [poll.free for poll in fleet.server.polls[:3]] == [1, 0, 1]


def test_drain_lets_running_jobs_finish(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 0.3\necho finished")))
    agent = fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    agent.drain()
    waiting = fleet.server.give(job_of(run("echo no"), job=2))
    fleet.join()
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    assert waiting.started is None


def test_a_drain_that_the_server_wishes(fleet: Fleet) -> None:
    """Until it is over nothing is taken, what runs goes on, and nobody asks over and over."""
    kept = fleet.server.give(job_of(run("sleep 0.3\necho finished")))
    fleet.start(FakeBackend(), capacity=2)
    assert fleet.server.wait_for(lambda: is_running(kept))
    fleet.server.drain()
    waiting = fleet.server.give(job_of(run("echo second"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert "finished" in text_of(kept)
    assert fleet.server.wait_for(lambda: fleet.server.polls[-1].draining and not fleet.server.polls[-1].active)
    asked = len(fleet.server.polls)
    assert not fleet.server.wait_for(lambda: len(fleet.server.polls) > asked or waiting.started is not None, 0.3)
    fleet.server.drain(False)
    assert fleet.server.wait_for(lambda: waiting.end is not None)


def test_an_ephemeral_runner_has_one_job_and_is_gone(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("exit 1")))
    fleet.server.give(job_of(run("echo no"), job=2))
    agent = fleet.start(FakeBackend(), ephemeral=True)
    fleet.join()
    assert kept.end is not None
    assert agent.conclusions == ["failure"]
    assert fleet.server.jobs[2].started is None
    assert "POST /api/v1/runners/remove" in fleet.server.paths
    assert fleet.refused == []


def test_an_ephemeral_runner_without_a_job_stays_registered(fleet: Fleet) -> None:
    agent = fleet.start(FakeBackend(), ephemeral=True)
    assert fleet.server.wait_for(lambda: bool(fleet.server.polls))
    agent.drain()
    fleet.join()
    assert "POST /api/v1/runners/remove" not in fleet.server.paths
    assert len(fleet.server.left) == 1  # it said that it stops


def test_an_agent_stops_though_nobody_hears_it(fleet: Fleet) -> None:
    agent = fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: bool(fleet.server.polls))
    fleet.server.set_away(True)
    agent.drain()
    fleet.join()
    assert fleet.server.left == []


def test_a_server_that_names_a_time_is_asked_then(fleet: Fleet) -> None:
    fleet.server.busy["poll"] = 1  # seconds
    kept = fleet.server.give(job_of(run("echo hello")))
    fleet.start(FakeBackend())
    assert not fleet.server.wait_for(lambda: bool(fleet.server.polls), 0.7)
    fleet.server.busy.clear()
    assert fleet.server.wait_for(lambda: kept.end is not None)


def test_twenty_jobs_at_once(fleet: Fleet) -> None:
    jobs = [fleet.server.give(job_of(run("sleep 600"), job=n, lease_token=f"lease-{n}")) for n in range(1, 21)]
    fleet.start(FakeBackend(), capacity=20)
    assert fleet.server.wait_for(lambda: all(is_running(kept) for kept in jobs))
    for number in range(1, 21):
        fleet.server.cancel(number)
    assert fleet.server.wait_for(lambda: all(kept.end is not None for kept in jobs))


def test_a_second_signal_cancels(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 600")))
    agent = fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: is_running(kept))
    agent.drain()
    agent.drain()
    fleet.join()
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"


def test_drain_timeout(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("sleep 600")))
    agent = fleet.start(FakeBackend(), drain_timeout=0.05)
    assert fleet.server.wait_for(lambda: is_running(kept))
    agent.drain()
    fleet.join()
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"


def test_once_takes_one_job(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("exit 1")))
    fleet.server.give(job_of(run("echo no"), job=2))
    agent = fleet.start(FakeBackend(), once=True)
    fleet.join()
    assert kept.end is not None
    assert agent.conclusions == ["failure"]
    assert fleet.server.jobs[2].started is None


def test_capacity(fleet: Fleet) -> None:
    jobs = [fleet.server.give(job_of(run("sleep 600"), job=n, lease_token=f"lease-{n}")) for n in (1, 2, 3)]
    fleet.start(FakeBackend(), capacity=2)
    assert fleet.server.wait_for(lambda: is_running(jobs[0]) and is_running(jobs[1]))
    assert jobs[2].started is None
    for number in (1, 2, 3):
        fleet.server.cancel(number)
    assert fleet.server.wait_for(lambda: all(kept.end is not None for kept in jobs))


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("poll_only", [False, True])
def test_a_cancel_ends_the_wait_for_an_image(fleet: Fleet, force: bool, poll_only: bool) -> None:
    kept = fleet.server.give(job_of(run("echo never"), run("echo never", if_="always()")))
    fleet.start(FakeBackend(endless=frozenset({"linux"})), poll_only=poll_only)
    assert fleet.server.wait_for(lambda: b"Waiting for an image" in bytes(kept.log))
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("cancelled", "cancelled")
    assert [kept.steps[number].conclusion for number in (1, 2, 3)] == ["cancelled", "skipped", "skipped"]


def test_the_jobs_timeout_ends_the_wait_for_an_image(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("echo never"), timeout_minutes=0.002), FakeBackend(endless=frozenset({"linux"})))
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("timed_out", "timed_out")


def test_a_lost_lease_ends_the_wait_for_an_image(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("echo never")))
    agent = fleet.start(FakeBackend(endless=frozenset({"linux"})))
    assert fleet.server.wait_for(lambda: b"Waiting for an image" in bytes(kept.log))
    fleet.server.take_away(1)
    fleet.end()
    assert agent.conclusions == [None]
    assert kept.end is None
