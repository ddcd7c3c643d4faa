"""Cron lines of the workflows on the default branch: kept in step with their files, fired when they are due.

A line is a row with the time at which it is due next. Firing locks the row, writes the event and moves
the time on in one transaction, so that however many look at once, each due time is one event. What was
due while no server ran is fired once, for the latest of the missed times; nothing is fired for a time
before the row was there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions import events, repeat
from forge.actions.models import Event, Schedule, Workflow
from forge.actions.sources import File
from forge.repos.models import Repository
from workflows import cron, model

log = logging.getLogger(__name__)

#: Lines that one beat fires; what is left is due at the next.
BATCH = 500
_ZONE = "UTC"
_INSTANT = timedelta(microseconds=1)
#: The latest of many missed times is looked for in the last hour, then in the last day, …, at last in all of them.
_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=31), timedelta(days=366))


def keep(
    repository: Repository,
    files: Sequence[tuple[Workflow, File]],
    actor: Account | None,
    now: datetime | None = None,
) -> None:
    """Hold the rows against the files of the default branch; ``actor`` moved it there. The caller holds the
    transaction and the repository's row."""
    wanted = {(row.pk, line.cron, line.timezone or _ZONE): file.sha256 for row, file in files for line in _lines(file)}
    known = {(one.workflow_id, one.cron, one.zone): one for one in Schedule.objects.filter(repository=repository)}
    gone = [one.pk for key, one in known.items() if key not in wanted]
    if gone:
        Schedule.objects.filter(pk__in=gone).delete()
    changed = [one for key, one in known.items() if key in wanted and one.file_sha256 != wanted[key]]
    for one in changed:
        one.file_sha256, one.actor = wanted[one.workflow_id, one.cron, one.zone], actor
    Schedule.objects.bulk_update(changed, ["file_sha256", "actor"])
    new = [key for key in wanted if key not in known]
    if not new:
        return
    moment = now or Repository.objects.annotate(at=Now()).values_list("at", flat=True).get(pk=repository.pk)
    Schedule.objects.bulk_create(
        Schedule(
            repository=repository,
            workflow_id=workflow,
            cron=line,
            zone=zone,
            next_due=cron.parse(line).next_after(moment, ZoneInfo(zone)),
            file_sha256=wanted[workflow, line, zone],
            actor=actor,
        )
        for workflow, line, zone in new
    )


def fire(now: datetime | None = None) -> list[Event]:
    """Write an event for each line that is due by now: by the database's clock, unless one is given."""
    due = Schedule.objects.filter(next_due__lte=_clock(now)).order_by("next_due")
    fired = []
    for pk in list(due.values_list("pk", flat=True)[:BATCH]):
        try:
            event = _fire(pk, now)
        except Exception:
            log.exception("schedule %s could not be fired", pk)
            continue
        if event is not None:
            fired.append(event)
    return fired


def latest(line: cron.Cron, zone: ZoneInfo, first: datetime, now: datetime) -> datetime:
    """The last time up to ``now`` at which a line was due that was due at ``first``."""
    starts = [max(first - _INSTANT, now - window) for window in _WINDOWS]
    for start in (*starts, first - _INSTANT):
        found = list(line.due_between(start, now, zone))
        if found:
            return found[-1]
    return first


@repeat.on_deadlock
def _fire(pk: int, now: datetime | None) -> Event | None:
    with transaction.atomic():
        rows = Schedule.objects.select_for_update(of=("self",)).filter(pk=pk, next_due__lte=_clock(now))
        row = rows.select_related("workflow", "repository__owner", "actor").annotate(at=_clock(now)).first()
        if row is None or row.next_due is None:  # another beat was first
            return None
        line, zone = cron.parse(row.cron), ZoneInfo(row.zone)
        due = latest(line, zone, row.next_due, row.at)
        row.next_due = line.next_after(max(row.at, due + cron.SHORTEST_INTERVAL - _INSTANT), zone)
        alive = row.repository.deleted_at is None
        row.next_due = row.next_due if alive else None
        row.save(update_fields=["next_due"])
        if not alive or row.workflow.state != Workflow.State.ACTIVE:
            return None
        return _write(row, due)


def _write(row: Schedule, due: datetime) -> Event | None:
    path = row.workflow.path
    return events.write(
        row.repository,
        "schedule",
        key=f"schedule:{row.pk}:{due.isoformat()}",
        actor=row.actor,
        workflow_path=path,
        payload={"schedule": row.cron, "workflow": path},
    )


def _lines(file: File) -> Iterator[model.Schedule]:
    """The cron lines of a file; a broken one has none."""
    workflow = file.parsed().workflow
    for trigger in workflow.on if workflow else ():
        if trigger.event == "schedule":
            yield from trigger.schedules


def _clock(now: datetime | None) -> Value | Now:
    return Now() if now is None else Value(now, DateTimeField())
