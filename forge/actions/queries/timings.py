"""How long things ran, by operating system, in milliseconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, QuerySet, Sum
from django.utils import timezone

from forge.actions.models import Job, RunAttempt, Workflow

#: GitHub's words for what a runner calls its operating system.
_SYSTEMS = {"linux": "UBUNTU", "windows": "WINDOWS", "macos": "MACOS"}
_LENGTH = ExpressionWrapper(F("completed_at") - F("started_at"), output_field=DurationField())


def of_attempt(attempt: RunAttempt) -> dict[str, Any]:
    """The jobs of one attempt, and the attempt itself from its start to its end (or to now)."""
    ended = attempt.completed_at or timezone.now()
    return {
        "billable": _by_system(Job.objects.filter(attempt=attempt)),
        "run_duration_ms": _milliseconds(ended - attempt.started_at),
    }


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
        system = _SYSTEMS.get((row["runner__os"] or "linux").lower(), "UBUNTU")
        entry = found.setdefault(system, {"total_ms": 0, "jobs": 0})
        entry["total_ms"] += _milliseconds(row["length"] or timedelta())
        entry["jobs"] += row["jobs"]
    return found


def _milliseconds(length: timedelta) -> int:
    return max(0, length // timedelta(milliseconds=1))
