"""Sealing stands back while much of a log comes in."""

from __future__ import annotations

import time

import pytest

from forge.actions import logs
from forge.actions.log_rush import LARGE, QUIET, Rush
from forge.actions.models import JobLog
from tests.engine import FakeRunner, Project
from tests.forge.actions.texts import ONE


def waited(rush: Rush) -> float:
    began = time.monotonic()
    rush.stand_back()
    return time.monotonic() - began


def test_a_rush_is_over_when_nothing_large_has_come_for_a_moment() -> None:
    rush = Rush(quiet=0.3, at_most=3600)
    assert waited(rush) < 0.3
    rush.note(LARGE - 1)
    assert waited(rush) < 0.3
    began = time.monotonic()
    rush.note(LARGE)
    rush.stand_back()
    assert time.monotonic() - began >= 0.3


def test_nobody_stands_back_for_ever() -> None:
    rush = Rush(quiet=3600, at_most=0.3)
    rush.note(LARGE)
    assert 0.3 <= waited(rush) < 3600
    assert waited(rush) < 0.3  # it is the others' turn
    time.sleep(0.3)
    assert waited(rush) >= 0.3


@pytest.mark.django_db(transaction=True)
def test_a_log_is_sealed_after_the_rush() -> None:
    Project.new().run(ONE)
    work = FakeRunner.new("ubuntu-latest").take()
    began = time.monotonic()
    work.log(b"2026-01-15T12:00:01.0000000Z line\n" * (LARGE // 30), 0)
    assert logs.seal(work.job.pk)
    assert time.monotonic() - began >= QUIET
    assert JobLog.objects.get().sealed_length > 0
