"""Whoever waits is woken once there is something, and one suitable runner at a time."""

from __future__ import annotations

import asyncio

import pytest
from django.db import transaction

from forge.actions import background, wakeup
from forge.threads import run_sync

pytestmark = pytest.mark.django_db(transaction=True)


def seeker(number: int, *labels: str, **scope: int) -> wakeup.Seeker:
    return wakeup.Seeker(topics=(f"runner:{number}",), runner_id=number, labels=frozenset(labels), **scope)


async def test_a_topic_wakes_its_listeners_only() -> None:
    async with wakeup.listen("run:1", "job:7") as mine, wakeup.listen("run:2") as other:
        await run_sync(wakeup.run_changed, 1)
        assert await mine.wait(10)
        await run_sync(wakeup.log_grew, 7)
        assert await mine.wait(10)
        assert not await mine.wait(0)
        assert not await other.wait(0)


async def test_nothing_is_said_before_the_commit_or_after_a_rollback() -> None:
    def rolled_back() -> None:
        with transaction.atomic():
            wakeup.run_changed(1)
            transaction.set_rollback(True)

    async with wakeup.listen("run:1") as waiter:
        await run_sync(rolled_back)
        assert not await waiter.wait(0.05)
        await run_sync(wakeup.run_changed, 1)
        assert await waiter.wait(10)


async def test_an_offer_wakes_one_suitable_runner_and_goes_on_when_declined() -> None:
    async with seeker(1, "a") as wrong, seeker(2, "a", "b") as first, seeker(3, "a", "b") as second:
        await run_sync(wakeup.offer, ["A", "B"], 5, 6)
        assert await first.wait(10)
        assert not await second.wait(0)
        first.decline()
        assert await second.wait(10)
        second.decline()  # nobody is left to ask
        assert not await first.wait(0)
        assert not await wrong.wait(0)


async def test_offers_keep_to_the_scope_and_to_runners_with_room() -> None:
    full = seeker(4, "a")
    full.room = False
    async with full, seeker(5, "a", repository_id=1) as one, seeker(6, "a", owner_id=2) as two:
        assert not wakeup.offer_here(wakeup.Offer(frozenset({"a"}), 9, 9))
        assert wakeup.offer_here(wakeup.Offer(frozenset({"a"}), 1, 9))
        assert wakeup.offer_here(wakeup.Offer(frozenset({"a"}), 9, 2))
        assert await asyncio.gather(one.wait(10), two.wait(10)) == [True, True]


def test_a_task_that_cannot_be_sent_is_no_error() -> None:
    sent: list[tuple[str, tuple[object, ...]]] = []

    def broken(task: str, args: tuple[object, ...]) -> None:
        raise ConnectionError("no broker")

    with background.using(lambda task, args: sent.append((task, args))), transaction.atomic():
        background.enqueue("expand", 1)
        assert sent == []
    assert sent == [("expand", (1,))]
    with background.using(lambda task, args: sent.append((task, args))):
        background.enqueue("expand", 2)
    with background.using(broken):
        background.enqueue("expand", 3)
    assert sent == [("expand", (1,)), ("expand", (2,))]
