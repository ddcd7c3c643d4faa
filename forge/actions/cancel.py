"""A person stops a run or a job. Cancelling always ends: a runner that does not answer is given up on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions import advance, moves, repeat, transitions
from forge.actions.models import Job, JobNode, Run, RunAttempt
from forge.errors import Conflict
from workflows.states import Conclusion, Status


@dataclass(frozen=True)
class CancelledJob:
    """What the cancel of one job came to. ``run_conclusion`` is empty while the run goes on."""

    changed_jobs: int
    run_completed: bool
    run_conclusion: str


@repeat.on_deadlock
def run(account: Account | None, run: Run) -> None:
    """Ask a run to stop: what waits ends now, what runs is asked; ``always()`` still runs. Conflict when over."""
    with transaction.atomic():
        found, attempt = _open(run)
        request(attempt, {"code": "cancelled", **_person(account)}, account)
        advance.locked(found)


@repeat.on_deadlock
def force(account: Account | None, run: Run, *, code: str = "cancelled") -> None:
    """End a run now, whatever its runners say. Conflict when it is over."""
    with transaction.atomic():
        found, attempt = _open(run)
        request(attempt, {"code": code, **_person(account)}, account)
        reason = {**attempt.reason, "forced": True}
        for job in Job.objects.select_for_update(no_key=True).filter(attempt=attempt).order_by("id"):
            if job.status != Status.COMPLETED:
                moves.stop(found, job, reason, force=True)
        rest = list(JobNode.objects.filter(attempt=attempt, expanded=False).order_by("id"))
        JobNode.objects.filter(pk__in=[node.pk for node in rest]).update(expanded=True)
        over = (Status.COMPLETED, Conclusion.CANCELLED)
        jobs = [
            transitions.new_job(node, found, 0, *over, name=node.key[:255], reason=reason, free=False) for node in rest
        ]
        transitions.add(found, jobs)
        advance.locked(found)


@repeat.on_deadlock
def job(account: Account | None, job: Job) -> CancelledJob:
    """Stop one job; a finished one is left as it is, and the answer says so."""
    with transaction.atomic():
        found = transitions.lock(job.run_id)
        now = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        changed = False
        if now.status != Status.COMPLETED:
            changed = moves.stop(found, now, {"code": "cancelled", **_person(account)})
            advance.locked(found)
        attempt = RunAttempt.objects.get(pk=now.attempt_id)
        completed = attempt.status == Status.COMPLETED
        return CancelledJob(int(changed), completed, attempt.conclusion or "" if completed else "")


def _open(run: Run) -> tuple[Run, RunAttempt]:
    found = transitions.lock(run.pk)
    attempt = found.latest_attempt
    if attempt is None or attempt.status == Status.COMPLETED:
        raise Conflict("Cannot cancel a workflow run that is completed.")
    return found, attempt


def request(attempt: RunAttempt, reason: Mapping[str, Any], account: Account | None = None) -> None:
    """Write down that an open attempt is to stop, and why, once: the first reason stands. The caller has the run's
    lock, and advances it."""
    if attempt.cancel_requested_at is not None:
        return
    attempt.reason = dict(reason)
    attempt.cancel_requested_by = account
    rows = RunAttempt.objects.filter(pk=attempt.pk)
    rows.update(reason=attempt.reason, cancel_requested_by=account, cancel_requested_at=Now(), updated_at=Now())
    attempt.refresh_from_db(fields=["cancel_requested_at"])


def _person(account: Account | None) -> dict[str, str]:
    return {"by": account.login} if account is not None else {}
