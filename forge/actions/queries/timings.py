"""How long things ran: by operating system in milliseconds, and job by job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, QuerySet, Sum
from django.utils import timezone

from forge.actions.models import Job, RunAttempt, Workflow

#: GitHub's words for what a runner calls its operating system.
_SYSTEMS = {"linux": "UBUNTU", "windows": "WINDOWS", "macos": "MACOS"}
_LENGTH = ExpressionWrapper(F("completed_at") - F("started_at"), output_field=DurationField())


_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class JobTime:
    """A job that really ran and is over. ``queued`` is None where it is not known since when it waited."""

    job: Job
    ran: timedelta
    queued: timedelta | None

    @property
    def minutes(self) -> int:
        """As it is billed where minutes are: rounded up, one at least."""
        return max(-(-self.ran // _MINUTE), 1)

    @property
    def labels(self) -> str:
        """What it asked of its runner."""
        asked = self.job.label_set
        return ", ".join(asked.labels) if asked else ""


@dataclass(frozen=True)
class Total:
    """Jobs that have something in common, added up."""

    name: str
    jobs: int
    ran: timedelta
    queued: timedelta
    minutes: int


@dataclass(frozen=True)
class Usage:
    """The jobs of an attempt that ran, in the order of the file, and how long the attempt itself took."""

    jobs: tuple[JobTime, ...]
    lasted: timedelta

    @property
    def total(self) -> Total:
        """All of them."""
        return _total("", self.jobs)

    @property
    def by_labels(self) -> list[Total]:
        """By what they asked of their runners, the most minutes first."""
        groups: dict[str, list[JobTime]] = {}
        for one in self.jobs:
            groups.setdefault(one.labels, []).append(one)
        return sorted((_total(*group) for group in groups.items()), key=lambda one: (-one.minutes, one.name))


def job_times(jobs: Iterable[Job]) -> tuple[JobTime, ...]:
    """Those of these jobs that really ran and are over: carried-over ones were counted where they did."""
    return tuple(
        JobTime(job, job.completed_at - job.started_at, job.started_at - job.queued_at if job.queued_at else None)
        for job in jobs
        if job.started_at and job.completed_at and job.carries_id is None
    )


def usage(attempt: RunAttempt) -> Usage:
    """What an attempt has used until now, in one query."""
    ended = attempt.completed_at or timezone.now()
    jobs = Job.objects.filter(attempt=attempt).select_related("runner", "label_set").order_by("id")
    return Usage(job_times(jobs), ended - attempt.started_at)


def of_attempt(attempt: RunAttempt) -> dict[str, Any]:
    """The jobs of one attempt, and the attempt itself from its start to its end (or to now), as GitHub shows them."""
    used = usage(attempt)
    billable: dict[str, dict[str, int]] = {}
    for one in used.jobs:
        _add(billable, one.job.runner.os if one.job.runner else "", one.ran, 1)
    return {"billable": billable, "run_duration_ms": _milliseconds(used.lasted)}


def of_workflow(workflow: Workflow) -> dict[str, Any]:
    """The jobs that ended this month in runs of the workflow, and its attempts that did, added up."""
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ended = {"repository": workflow.repository_id, "completed_at__gte": month, "run__workflow": workflow}
    jobs, attempts = Job.objects.filter(**ended), RunAttempt.objects.filter(**ended)
    lasted = attempts.aggregate(sum=Sum(_LENGTH))["sum"]
    return {"billable": _by_system(jobs), "run_duration_ms": _milliseconds(lasted or timedelta())}


def _by_system(jobs: QuerySet[Job]) -> dict[str, dict[str, int]]:
    """Jobs that really ran: carried-over ones were counted where they did."""
    ran = jobs.filter(started_at__isnull=False, completed_at__isnull=False, carries=None)
    rows = ran.order_by().values("runner__os").annotate(length=Sum(_LENGTH), jobs=Count("id"))
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        _add(found, row["runner__os"], row["length"] or timedelta(), row["jobs"])
    return found


def _add(found: dict[str, dict[str, int]], os: str | None, length: timedelta, jobs: int) -> None:
    """So many jobs more that ran so long on an operating system, as its runner calls it."""
    entry = found.setdefault(_SYSTEMS.get((os or "linux").lower(), "UBUNTU"), {"total_ms": 0, "jobs": 0})
    entry["total_ms"] += _milliseconds(length)
    entry["jobs"] += jobs


def _total(name: str, jobs: Sequence[JobTime]) -> Total:
    return Total(
        name,
        len(jobs),
        sum((one.ran for one in jobs), timedelta()),
        sum((one.queued for one in jobs if one.queued), timedelta()),
        sum(one.minutes for one in jobs),
    )


def _milliseconds(length: timedelta) -> int:
    return max(0, length // timedelta(milliseconds=1))
