"""Celery's entry points. Each may run twice, or not at all: the sweeps find what is left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.db import close_old_connections
from django.db.models.functions import Now

from forge.actions import advance as advancing
from forge.actions import (
    approve,
    concurrency,
    deletion,
    leases,
    log_pages,
    logs,
    prepared,
    reconcile,
    retention,
    schedules,
    trigger,
)
from forge.actions.models import Event

log = logging.getLogger(__name__)

#: A nudge gets so long before the sweep takes an event itself.
NUDGED = timedelta(seconds=1)


@shared_task(name="forge.actions.tasks.expand")
def expand(event_id: int) -> None:
    """Make the runs of an event."""
    trigger.expand(event_id)


@shared_task(name="forge.actions.tasks.advance")
def advance(run_id: int) -> None:
    """Take the moves that are due in a run."""
    advancing.run(run_id)


@shared_task(name="forge.actions.tasks.settle")
def settle(group_id: int) -> None:
    """Decide who has a concurrency group."""
    concurrency.settle(group_id)


@shared_task(name="forge.actions.tasks.seal")
def seal(job_id: int) -> None:
    """Seal what can be sealed of a log."""
    logs.seal(job_id)


@shared_task(name="forge.actions.tasks.sweep")
def sweep() -> None:
    """Everything that must not wait long: pushes, events, leases, overdue jobs, groups, wait timers, runs at rest."""
    for part in (
        prepared.settle_left_behind,
        events,
        leases.expire,
        leases.end_overdue,
        leases.remove_used,
        concurrency.sweep,
        approve.sweep,
        runs,
    ):
        _guarded(part)


@shared_task(name="forge.actions.tasks.tidy")
def tidy() -> None:
    """Everything that may wait: sealing logs, deleting sealed rows and old logs, taking deleted repositories apart."""
    for part in (log_pages.end_silent, sealing, log_pages.delete_chunks, retention.sweep, deletion.sweep):
        _guarded(part)


@shared_task(name="forge.actions.tasks.schedule")
def schedule() -> None:
    """Fire the schedules that are due."""
    _guarded(schedules.fire)


@shared_task(name="forge.actions.tasks.check")
def check() -> None:
    """Compare a bounded number of rows with the rules, and report what breaks them."""
    _guarded(reconcile.a_pass)


def events() -> None:
    """Expand the events whose nudge was lost or whose next try is due."""
    due = Event.objects.filter(state=Event.State.PENDING, next_try_at__lte=Now(), created_at__lte=Now() - NUDGED)
    for event_id in list(due.order_by("next_try_at").values_list("pk", flat=True)[:100]):
        trigger.expand(event_id)


def runs() -> None:
    """Advance the runs that should have gone on."""
    for run_id in leases.unfinished_runs():
        advancing.run(run_id)


def sealing() -> None:
    """Seal every log that is worth it."""
    for job_id in log_pages.unsealed():
        logs.seal(job_id)


def _guarded(part: Callable[[], object]) -> None:
    """One part that fails keeps none of the others from its work."""
    close_old_connections()
    try:
        part()
    except Exception:
        log.exception("sweep: %s failed", part.__name__)
