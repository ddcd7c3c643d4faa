"""What a workflow did before: how long its runs took, when it is due, what somebody started it with."""

from __future__ import annotations

from forge.accounts.models import Account
from forge.actions.models import Run, Schedule, Workflow
from workflows.states import Status

DRAWN = 30


def finished(workflow: Workflow, limit: int = DRAWN) -> list[Run]:
    """The last runs that are over, oldest first, with the attempt that they show."""
    found = Run.objects.filter(workflow=workflow, latest_attempt__status=Status.COMPLETED)
    found = found.select_related("latest_attempt").defer("contexts", "head_commit", "called")
    return list(found.order_by("-id")[:limit])[::-1]


def schedules(workflow: Workflow) -> list[Schedule]:
    """Its cron lines, the next one due first; those that are never due last."""
    found = Schedule.objects.filter(workflow=workflow)
    return sorted(found, key=lambda one: (one.next_due is None, one.next_due, one.pk))


def last_dispatch(workflow: Workflow, account: Account) -> Run | None:
    """The newest run of it that this person started by hand."""
    found = Run.objects.filter(workflow=workflow, actor=account, event_name="workflow_dispatch")
    return found.order_by("-id").first()
