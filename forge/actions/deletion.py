"""Repositories and organisations that were deleted: their runs end, then everything of theirs goes, piece by piece.

Marking the repository as deleted is all that a request does; from then on it exists for nobody.
"""

from __future__ import annotations

import logging

from django.db import transaction

from forge.accounts.models import Account, Kind
from forge.actions import cancel
from forge.actions.models import Event, Job, JobLog, LogPage, Run, RunAttempt, Workflow
from forge.blobs import store
from forge.errors import Conflict
from forge.repos import git
from forge.repos.models import Push, Repository
from workflows.states import Status

log = logging.getLogger(__name__)

#: Runs that one round removes; the next sweep goes on.
ROUND = 50


def sweep() -> None:
    """One round for every deleted repository."""
    for repository in Repository.objects.exclude(deleted_at=None).order_by("id")[:20]:
        try:
            _one(repository)
        except Exception:
            log.exception("repository %s could not be taken apart", repository.pk)
    _organizations()


def _organizations() -> None:
    """Deleted organisations of which no repository is left: with them go members, runners, secrets and settings."""
    for one in Account.objects.filter(kind=Kind.ORGANIZATION, is_active=False, repositories=None).order_by("id")[:20]:
        try:
            one.delete()
        except Exception:
            log.exception("organization %s could not be taken apart", one.pk)


def _one(repository: Repository) -> None:
    open_runs = RunAttempt.objects.filter(repository=repository, latest=True).exclude(status=Status.COMPLETED)
    for attempt in open_runs.select_related("run")[:ROUND]:
        try:
            cancel.force(None, attempt.run, code="repository_deleted")
        except Conflict:  # it ended meanwhile
            pass
    if open_runs.exists() or Push.objects.filter(repository=repository, state=Push.State.PREPARED).exists():
        return
    runs = list(Run.objects.filter(repository=repository).order_by("id")[:ROUND])
    for run in runs:
        remove_run(run)
    if runs:
        return
    Event.objects.filter(repository=repository).delete()
    Workflow.objects.filter(repository=repository).delete()
    git.remove(repository.pk)
    repository.delete()


def remove_run(run: Run) -> None:
    """Delete a run with everything of it: blobs first, so that none is left that no row knows."""
    for blob in LogPage.objects.filter(job__run=run).values_list("blob", flat=True).distinct():
        store.delete(blob)
    with transaction.atomic():
        # Bytes of a log that come now wait for the end of this and find no job: a row of theirs would forbid it.
        list(Job.objects.select_for_update(no_key=True).filter(run=run).order_by("id").values_list("id"))
        list(JobLog.objects.select_for_update().filter(job__run=run).order_by("id").values_list("id"))
        run.delete()
