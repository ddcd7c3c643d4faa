"""The held call of a runner: an assignment, cancels or a drain the moment there are any.

Nothing is written and no connection held while a runner waits. Subscribe, look, wait; and every two
seconds the process looks once for all its waiters, so that a lost wake-up costs no more than that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from forge.actions import assignment, claim, leases, places, report, wakeup
from forge.actions.models import Claim, Job
from forge.actions.refusals import BadCredential, RunnerInUse
from forge.api.agent.door import answer, bearer, held_door, message, nothing, runner_of
from forge.errors import ForgeError
from forge.runners import groups, registration
from forge.runners.models import Runner
from forge.threads import run_sync
from workflows.messages import Assignment, Poll, PollAnswer
from workflows.states import Status

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
SEEN_SECONDS = 20.0  # last_seen_at is written no more often
BREAK_SECONDS = 2.0  # so long a runner whose call broke off has to come back


@dataclass(frozen=True)
class _Known:
    """What jobs a runner may take, as of ``changed_at``."""

    changed_at: datetime | None
    labels: frozenset[str]
    groups: frozenset[str]
    repositories: frozenset[int] | None
    restricted: bool


@dataclass(eq=False)
class _Call:
    """One open poll."""

    instance: str
    seeker: wakeup.Seeker
    known: _Known | None = None
    ended: bool = False

    @property
    def passes_on(self) -> bool:
        """Whether what it did not take may still be there: its group takes no job of some workflows."""
        return self.known is not None and self.known.restricted

    def learn(self, known: _Known) -> None:
        """What jobs the runner may take now."""
        if known is not self.known:
            self.known = known
            seeker = self.seeker
            seeker.labels, seeker.groups, seeker.repositories = known.labels, known.groups, known.repositories

    def end(self) -> None:
        """A newer call of the same runner is there; this one answers 204."""
        self.ended = True
        self.seeker.wake()


@dataclass
class Presence:
    """Who polls at this process, and when each was last heard from."""

    calls: dict[int, _Call] = field(default_factory=dict)
    _seen: dict[int, tuple[str, float]] = field(default_factory=dict)
    _written: dict[int, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self, runner_id: int, instance: str) -> bool:
        """Note a sign of life; True when it is time to write it down."""
        now = time.monotonic()
        with self._lock:
            moved = self._seen.get(runner_id, ("", 0.0))[0] != instance
            self._seen[runner_id] = (instance, now)
            if moved or now - self._written.get(runner_id, -SEEN_SECONDS) >= SEEN_SECONDS:
                self._written[runner_id] = now
                return True
            return False

    def heard_since(self, runner_id: int, moment: float) -> bool:
        """Whether it has a call open here, or gave a sign of life after a moment of the monotonic clock."""
        with self._lock:
            return runner_id in self.calls or self._seen.get(runner_id, ("", 0.0))[1] > moment

    def holder(self, runner_id: int) -> str | None:
        """The instance that holds a call open here or was heard from within one lease."""
        with self._lock:
            call = self.calls.get(runner_id)
            if call is not None:
                return call.instance
            instance, at = self._seen.get(runner_id, ("", 0.0))
            return instance if instance and time.monotonic() - at < settings.LEASE_SECONDS else None

    def enter(self, runner_id: int, call: _Call) -> None:
        """The call that counts from now on; an older one ends."""
        with self._lock:
            older = self.calls.get(runner_id)
            self.calls[runner_id] = call
        if older is not None:
            older.end()

    def leave(self, runner_id: int, call: _Call) -> None:
        """The call is over."""
        with self._lock:
            if self.calls.get(runner_id) is call:
                del self.calls[runner_id]


presence = Presence()
_looking: set[asyncio.AbstractEventLoop] = set()
_tasks: set[asyncio.Task[None]] = set()


@held_door("POST")
async def poll(request: HttpRequest) -> HttpResponseBase:
    """Hold the call until there is something for this runner."""
    asked = message(request, Poll)
    admitted = asyncio.ensure_future(run_sync(_admit, bearer(request), asked))
    try:
        runner = await asyncio.shield(admitted)
    except asyncio.CancelledError:  # it broke off already, and is noted as heard nevertheless
        _begin(_miss_when(admitted, asked.instance), "miss a runner")
        raise
    seeker = wakeup.Seeker(
        topics=(f"runner:{runner.pk}",),
        runner_id=runner.pk,
        repository_id=runner.repository_id,
        owner_id=runner.owner_id,
        room=asked.free > 0 and not runner.draining,
    )
    call = _Call(asked.instance, seeker)
    try:
        async with seeker:
            presence.enter(runner.pk, call)
            _keep_looking()
            found = await _wait(runner.pk, asked, call)
    except asyncio.CancelledError:  # the runner closed the connection, or is gone with it
        _begin(_miss(runner.pk, asked.instance), "miss a runner")
        raise
    finally:
        presence.leave(runner.pk, call)
        seeker.decline()  # a call that ended with an offer in hand passes it on
    return nothing() if found is None else answer(found)


async def _wait(runner_id: int, asked: Poll, call: _Call) -> PollAnswer | None:
    end = time.monotonic() + min(max(asked.wait_seconds, 0.0), settings.POLL_SECONDS)
    while not call.ended:
        found, more, known = await run_sync(_look, runner_id, asked, call.known)
        call.learn(known)
        if found is not None:
            if found.assignment is not None:
                call.seeker.offer = None
            return found
        if more or call.passes_on:
            call.seeker.decline()
        call.seeker.offer = None
        left = end - time.monotonic()
        if left <= 0 or not await call.seeker.wait(left):
            return None
    return None


def _admit(credential: str, asked: Poll) -> Runner:
    """The runner, if no other process of its credential is there."""
    runner = runner_of(credential)
    must_be_alone(runner, asked.instance)
    if runner.instance != asked.instance:
        now = timezone.now()
        Runner.objects.filter(pk=runner.pk).update(instance=asked.instance[:64], last_seen_at=now, left_at=None)
        runner.instance = asked.instance
        presence.arrived(runner.pk, asked.instance)
    else:
        heard(runner, asked.instance)
    places.heard(runner, asked.active)
    return runner


def heard(runner: Runner, instance: str) -> None:
    """A sign of life, written down now and then; and at once of a runner that seemed to be gone."""
    if presence.arrived(runner.pk, instance) or runner.left_at is not None:
        Runner.objects.filter(pk=runner.pk).update(last_seen_at=timezone.now(), left_at=None)


def must_be_alone(runner: Runner, instance: str) -> None:
    """RunnerInUse while another process of this runner's credential is there."""
    if runner.instance == instance:
        return
    here = presence.holder(runner.pk)
    written = runner.last_seen_at is not None and timezone.now() - runner.last_seen_at < timedelta(
        seconds=settings.LEASE_SECONDS
    )
    if runner.instance and here != instance and (here is not None or written):
        raise RunnerInUse("Another process uses this runner's credential; stop it, or register this one anew")


def _look(runner_id: int, asked: Poll, known: _Known | None) -> tuple[PollAnswer | None, bool, _Known]:
    """What there is for the runner now; whether there is work left that it could not take; and what it may take."""
    runner = Runner.objects.select_related("group").filter(pk=runner_id, removed_at=None).first()
    if runner is None:
        raise BadCredential("This runner was removed")
    if known is None or known.changed_at != runner.changed_at:
        known = _known(runner)
    cancels = leases.cancels(runner, asked.active)
    found = _assign(runner, asked.request_key) if asked.free > 0 else None
    if found is None and not cancels and runner.draining == asked.draining:
        return None, bool(asked.free > 0 and claim.waiting_label_sets(runner)), known
    return PollAnswer(found, cancels, runner.draining), False, known


def _known(runner: Runner) -> _Known:
    group = runner.group
    return _Known(
        runner.changed_at,
        registration.known_labels(runner),
        groups.names(runner),
        groups.served(group),
        group is not None and group.restricted_to_workflows,
    )


def _assign(runner: Runner, request_key: str) -> Assignment | None:
    """The next job that can be given out; those that cannot fail with their reason and block nobody."""
    key = request_key
    for number in range(100):
        taken = claim.next_job(runner, key[:64])
        if taken is None:
            return None
        try:
            return assignment.build(taken)
        except Exception as error:
            log.exception("no assignment can be made of job %s", taken.job_id)
            known = isinstance(error, assignment.CannotBuild)
            report.cannot_assign(taken, str(error) if known else "an internal error; the server's log has more")
            key = f"{number}:{request_key}"
    return None


# --- one look for all who wait ---------------------------------------------------------------------


def _keep_looking() -> None:
    loop = asyncio.get_running_loop()
    if loop in _looking:
        return
    _looking.add(loop)
    _begin(_look_for_all(loop), "look for waiting runners")


def _begin(work: Coroutine[Any, Any, None], name: str) -> None:
    task = asyncio.get_running_loop().create_task(work, name=name)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _miss_when(admitted: asyncio.Future[Runner], instance: str) -> None:
    with contextlib.suppress(ForgeError):
        await _miss((await admitted).pk, instance)


async def _miss(runner_id: int, instance: str) -> None:
    """A runner whose call broke off, and that has not come back by now, is gone until it is heard from again."""
    broke_off, since = time.monotonic(), timezone.now()
    await asyncio.sleep(BREAK_SECONDS)
    if not presence.heard_since(runner_id, broke_off):
        # What another process of the server heard stands in the row alone; what said that it ends has no instance.
        gone = Runner.objects.filter(pk=runner_id, instance__in=("", instance), removed_at=None, last_seen_at__lt=since)
        await run_sync(gone.update, left_at=timezone.now())


async def _look_for_all(loop: asyncio.AbstractEventLoop) -> None:
    try:
        while presence.calls:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                offers, runners = await run_sync(_news, list(presence.calls))
            except Exception:
                log.warning("the look for waiting runners failed", exc_info=True)
                continue
            for offered in offers:
                wakeup.offer_here(offered)
            for runner_id in runners:
                if (call := presence.calls.get(runner_id)) is not None:
                    call.seeker.wake()
    finally:
        _looking.discard(loop)


def _news(waiting: list[int]) -> tuple[list[wakeup.Offer], set[int]]:
    """Jobs that wait for a runner, one offer a kind; and the waiting runners that something concerns."""
    claimable = Job.objects.filter(status=Status.QUEUED, free=True, label_set__isnull=False)
    asked = ("label_set__labels", "repository", "owner", "label_set__runner_group")
    kinds = claimable.order_by().values_list(*asked).distinct()[:200]
    offers = [
        wakeup.Offer(frozenset(label.lower() for label in labels), repository, owner, group.lower())
        for labels, repository, owner, group in kinds
    ]
    recently = Now() - timedelta(seconds=3 * LOOK_SECONDS)
    cancelled = Job.objects.filter(runner__in=waiting, status=Status.IN_PROGRESS, cancel_requested_at__isnull=False)
    ended = Claim.objects.filter(runner__in=waiting, ended_at__gt=recently)
    another = Q(removed_at__isnull=False) | Q(draining=True) | Q(changed_at__gt=recently)
    changed = Runner.objects.filter(another, pk__in=waiting)
    concerned = [rows.values_list("runner_id", flat=True) for rows in (cancelled, ended)]
    return offers, {int(pk) for rows in concerned for pk in rows} | set(changed.values_list("pk", flat=True))
