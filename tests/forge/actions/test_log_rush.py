"""Sealing stands back while much of a log comes in."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from forge.actions import logs
from forge.actions.log_rush import AT_MOST, LARGE, QUIET, Rush, rush
from forge.actions.models import JobLog
from tests.engine import FakeRunner, Project
from tests.forge.actions.texts import ONE
from tests.services.stack import eventually


class Time:
    """A clock that goes on when somebody sleeps; while they do, ``meanwhile`` has its turn."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.meanwhile: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds / 2
        self.meanwhile()
        self.now += seconds / 2

    def of(self, rush: Rush) -> float:
        """Seconds that one stands back who asks now."""
        began = self.now
        rush.stand_back()
        return self.now - began


@pytest.fixture
def time_() -> Time:
    return Time()


@pytest.fixture
def fresh(time_: Time) -> Rush:
    return Rush(time_.clock, time_.sleep)


def test_nobody_stands_back_for_nothing_or_little(fresh: Rush, time_: Time) -> None:
    assert time_.of(fresh) == 0
    fresh.note(LARGE - 1)
    assert time_.of(fresh) == 0
    assert not fresh.is_on


def test_a_rush_is_over_when_nothing_large_has_come_for_a_moment(fresh: Rush, time_: Time) -> None:
    fresh.note(LARGE)
    assert fresh.is_on
    assert time_.of(fresh) == pytest.approx(QUIET)
    assert not fresh.is_on
    time_.now += QUIET * 1.01
    fresh.note(LARGE)
    time_.now += QUIET / 4
    assert time_.of(fresh) == pytest.approx(QUIET * 3 / 4)


def test_what_comes_meanwhile_goes_on_with_it(fresh: Rush, time_: Time) -> None:
    more = iter([LARGE, LARGE, 1])
    time_.meanwhile = lambda: fresh.note(next(more, 1))
    fresh.note(LARGE)
    # A sleep until QUIET, the first at half of it; one until 1.5 of it, the second at 1.25.
    assert time_.of(fresh) == pytest.approx(QUIET * (1.25 + 1))


def test_nobody_stands_back_for_ever(fresh: Rush, time_: Time) -> None:
    time_.meanwhile = lambda: fresh.note(LARGE)
    fresh.note(LARGE)
    assert time_.of(fresh) == pytest.approx(AT_MOST)
    fresh.note(LARGE)
    assert time_.of(fresh) == 0, "it is the others' turn"
    time_.now += AT_MOST * 1.01
    fresh.note(LARGE)
    assert time_.of(fresh) == pytest.approx(AT_MOST)


@pytest.mark.django_db(transaction=True)
def test_a_log_is_sealed_after_the_rush() -> None:
    Project.new().run(ONE)
    work = FakeRunner.new("ubuntu-latest").take()

    def is_on() -> bool:
        rush.note(LARGE)
        return rush.is_on

    eventually(is_on, timeout=20, what="the time in which nobody stands back, left by another test's log, is over")
    began = time.monotonic()
    work.log(b"2026-01-15T12:00:01.0000000Z line\n" * (LARGE // 30), 0)
    assert logs.seal(work.job.pk)
    assert time.monotonic() - began >= QUIET
    assert JobLog.objects.get().sealed_length > 0
