"""A machine whose clock is wrong, or is set while a job runs: stamps are the server's time, and never go back."""

from __future__ import annotations

from datetime import datetime
from email.utils import formatdate

import pytest

from runner.backends.fake import FakeBackend
from runner.clock import ServerClock, text
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of
from workflows import log_lines
from workflows.model import Step

SECOND = 1_000_000_000
NOON = 1_768_478_400 * SECOND  # 2026-01-15T12:00:00Z
HOUR = 3600 * SECOND


class Machine:
    """A machine's clocks, as a test wants them. ``ahead`` is by how much its own is wrong."""

    def __init__(self, ahead: int = 0) -> None:
        self.ahead = ahead
        self.real = NOON
        self.clock = ServerClock(lambda: self.real + self.ahead, lambda: self.real - NOON)

    def hears(self, *, away: int = 0, held: int = 0, error: int = 0) -> None:
        """An answer of a call that was held so long and took so long on its way back; ``error``: the server's own."""
        asked = self.clock.monotonic()
        self.real += held
        date = formatdate((self.real + error) // SECOND, usegmt=True)
        self.real += away
        self.clock.heard(date, asked, self.clock.monotonic())

    @property
    def off(self) -> float:
        """Seconds between what it takes for the server's time and that time."""
        return (self.clock.offset() + self.clock.monotonic() - self.real) / SECOND


@pytest.mark.parametrize("ahead", [0, SECOND, -SECOND])
def test_a_clock_that_is_right_counts_itself(ahead: int) -> None:
    machine = Machine(ahead)
    assert machine.off == ahead / SECOND
    machine.hears(away=SECOND // 10)
    assert machine.off == ahead / SECOND


@pytest.mark.parametrize("ahead", [5 * HOUR, -5 * HOUR, 30 * SECOND, -30 * SECOND])
@pytest.mark.parametrize("calls", [(0, 50), (50, 0), (0, 0)], ids=["brief, held", "held, brief", "brief"])
def test_a_clock_that_is_wrong_is_put_right(ahead: int, calls: tuple[int, ...]) -> None:
    machine = Machine(ahead)
    for held in calls:
        machine.hears(held=held * SECOND + SECOND // 3, away=SECOND // 20)
    assert abs(machine.off) < 4


def test_a_server_whose_clock_is_set_is_followed() -> None:
    machine = Machine()
    machine.hears()
    machine.hears(error=2 * HOUR)
    assert abs(machine.off - 7200) < 4


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Jan 2026 12:00:00 GMT"])
def test_a_date_that_is_none_changes_nothing(date: str) -> None:
    machine = Machine(HOUR)
    machine.clock.heard(date, 0, 0)
    assert machine.off == 3600


def test_a_job_keeps_its_pace_whatever_happens_to_the_clock() -> None:
    machine = Machine()
    machine.hears()
    job = machine.clock.of_job()
    first = job.now()
    machine.ahead, machine.real = -9 * HOUR, machine.real + SECOND
    machine.hears(error=HOUR)
    assert job.now() - first == SECOND


def test_text() -> None:
    assert text(NOON + 1_234_567) == "2026-01-15T12:00:00.001234Z"


def stamps(kept: KeptJob) -> list[str]:
    return [line[: log_lines.STAMP_LENGTH].decode() for line in bytes(kept.log).splitlines()]


@pytest.mark.parametrize("ahead", [5 * HOUR, -5 * HOUR])
def test_a_job_on_a_machine_whose_clock_is_wrong_and_jumps(fleet: Fleet, ahead: int) -> None:
    machine = Machine(ahead)
    fleet.server.says_date = lambda: formatdate(machine.real // SECOND, usegmt=True)
    script = Step(id="__run", run="echo before\nsleep 600")
    kept = fleet.server.give(job_of(script, Step(id="__run", run="echo after", if_="always()"), timeout_minutes=60))
    fleet.start(FakeBackend(), clock=machine.clock)
    assert fleet.server.wait_for(lambda: b"Z before\n" in kept.log)
    machine.ahead = -2 * ahead
    machine.real += 10 * SECOND
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    steps = [step for number in sorted(kept.steps) for step in (kept.steps[number],)]
    times = [each for step in steps for each in (step.started_at, step.completed_at) if each]
    said = [*stamps(kept), *times, str(kept.end.started_at), str(kept.end.completed_at)]
    for each in said:
        off = datetime.fromisoformat(each.replace("+", "Z")[:23] + "Z").timestamp() - NOON / SECOND
        assert -4 < off < 15, each
    assert stamps(kept) == sorted(stamps(kept))
    assert times == sorted(times)
