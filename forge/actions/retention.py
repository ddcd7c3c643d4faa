"""What is old enough to go: the logs of attempts, as long after their end as their repository keeps them.

The day is fixed soon after the end, so that a change of the setting counts for what ends after it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from forge.actions.models import Job, JobLog, LogChunk, LogPage, RunAttempt, SealedSpan
from forge.blobs import store
from forge.repos import policies
from forge.repos.models import Repository
from workflows.states import Status

#: So many attempts one round takes; the next one goes on.
ROUND = 200


def sweep() -> None:
    """One round: fix the day of what has ended, and delete what is past its day."""
    _fix_days()
    _delete_due()


def forget_logs(jobs: QuerySet[Job]) -> list[str]:
    """Take away the logs of these jobs, and say that they are gone; the caller holds the transaction, and deletes the
    blobs that this answers after it."""
    pages = LogPage.objects.filter(job__in=jobs)
    blobs = list(pages.values_list("blob", flat=True).distinct())
    JobLog.objects.filter(job__in=jobs, deleted_at=None).update(deleted_at=timezone.now())
    for rows in (LogChunk, SealedSpan):
        rows.objects.filter(job__in=jobs).delete()
    pages.delete()
    return blobs


def _fix_days() -> None:
    ended = _kept().filter(logs_expire_at=None)[:ROUND]
    by_repository: dict[int, list[int]] = {}
    for attempt_id, repository_id in ended.values_list("pk", "repository_id"):
        by_repository.setdefault(repository_id, []).append(attempt_id)
    for repository in Repository.objects.filter(pk__in=by_repository).select_related("owner"):
        days = timedelta(days=policies.retention(repository).days)
        rows = RunAttempt.objects.filter(pk__in=by_repository[repository.pk], logs_expire_at=None)
        rows.update(logs_expire_at=F("completed_at") + days)


def _delete_due() -> None:
    for attempt in list(_kept().filter(logs_expire_at__lte=Now()).order_by("logs_expire_at")[:ROUND]):
        with transaction.atomic():
            blobs = forget_logs(Job.objects.filter(attempt=attempt))
            RunAttempt.objects.filter(pk=attempt.pk).update(logs_expired=True)
        for blob in blobs:
            store.delete(blob)


def _kept() -> QuerySet[RunAttempt]:
    return RunAttempt.objects.filter(status=Status.COMPLETED, logs_expired=False)
