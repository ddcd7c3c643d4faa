"""A person throws away a finished run, or only its logs."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from forge.actions import deletion, retention, transitions
from forge.actions.models import Job, Run, Workflow
from forge.blobs import store
from forge.errors import Forbidden
from forge.repos import git
from forge.repos.models import Repository
from workflows.states import Status


def run(run: Run) -> None:
    """Delete a finished run with everything of it. Forbidden while it goes on.

    Its number is not given again. A re-run of it as a new run stays, and forgets where it came from.
    """
    with transaction.atomic():
        _finished(run)
        deletion.remove_run(run)
        for counted in (Repository.objects.filter(pk=run.repository_id), Workflow.objects.filter(pk=run.workflow_id)):
            counted.update(run_count=Greatest(F("run_count") - 1, 0))
    git.unpin(run.repository, str(run.pk))


def logs(run: Run) -> None:
    """Delete the logs of a finished run's attempts; steps, results and annotations stay."""
    with transaction.atomic():
        _finished(run)
        blobs = retention.forget_logs(Job.objects.filter(run=run))
    for blob in blobs:
        store.delete(blob)


def _finished(run: Run) -> None:
    """Locks the run, so that no new attempt begins meanwhile."""
    attempt = transitions.lock(run.pk).latest_attempt
    if attempt is None or attempt.status != Status.COMPLETED:
        raise Forbidden("The run is not finished; cancel it or wait for its end")
