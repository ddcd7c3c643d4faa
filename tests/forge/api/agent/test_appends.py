"""Batches of one log that come at once are stored in the order of their offsets."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from forge.actions import logs
from forge.actions.models import Claim
from forge.actions.refusals import WrongOffset
from forge.api.agent import appends
from tests.engine import FakeRunner, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claim() -> Claim:
    """One of a job that has no log yet."""
    Project.new().run(ONE)
    return FakeRunner.new("ubuntu-latest").take().claim


def append(claim: Claim, offset: int, data: bytes, patience: float = appends.PATIENCE) -> int:
    try:
        return appends.append(claim, offset, data, None, patience)
    finally:
        connection.close()


def test_one_that_comes_first_waits_for_the_one_before_it(claim: Claim) -> None:
    with ThreadPoolExecutor(1) as beside:
        second = beside.submit(append, claim, 3, b"def\n", patience=60)
        time.sleep(0.05)  # enough for it to come, mostly
        assert appends.append(claim, 0, b"abc", None) == 3
        assert second.result() == 7
    assert b"".join(logs.read(claim.job)) == b"abcdef\n"


def test_nobody_waits_for_what_does_not_come(claim: Claim) -> None:
    with ThreadPoolExecutor(6) as beside:  # more than may wait
        found = [beside.submit(append, claim, 3, b"def\n") for _ in range(6)]
    gaps = [one.exception() for one in found]
    assert [gap.wanted for gap in gaps if isinstance(gap, WrongOffset)] == [0] * 6
    test_one_that_comes_first_waits_for_the_one_before_it(claim)


def test_many_at_once(claim: Claim) -> None:
    pieces = [bytes([65 + number]) * (number + 1) for number in range(8)]
    places = [(sum(map(len, pieces[:number])), piece) for number, piece in enumerate(pieces)]
    whole = b"".join(pieces)
    random.Random(1).shuffle(places)
    ready = threading.Barrier(len(places))

    def brought(place: tuple[int, bytes]) -> None:
        ready.wait()
        wanted = -1
        while wanted < place[0] + len(place[1]):
            try:
                wanted = append(claim, *place)
            except WrongOffset as gap:
                wanted = gap.wanted

    with ThreadPoolExecutor(len(places)) as beside:
        list(beside.map(brought, places))
    assert b"".join(logs.read(claim.job)) == whole
