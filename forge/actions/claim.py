"""One job to one runner, atomically.

One statement picks the oldest queued job that the runner's labels and scope fit and takes it; on
PostgreSQL it skips what another claimer has locked, on SQLite the immediate transaction is the lock. The
job's row alone is locked; it stays ``queued`` until the runner reports.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from forge.actions import repeat
from forge.actions.models import Claim, Job, LabelSet
from forge.errors import Gone
from forge.runners import registration
from forge.runners.models import Runner
from workflows.states import Status


def next_job(runner: Runner, request_key: str) -> Claim | None:
    """A job for this runner, None when there is none or it is full.

    Asked again with the same key while that claim's lease lives: the same claim. After it ended: Gone.
    """
    known = _known(runner, request_key)
    if known is not None:
        return known
    # A look outside a transaction locks nothing; most often there is no work, and then that was all.
    sets = [] if runner.draining else waiting_label_sets(runner)
    return _take(runner, request_key, sets) if sets else None


def waiting_label_sets(runner: Runner) -> list[int]:
    """Ids of the label sets with claimable jobs that the runner fits."""
    labels = registration.known_labels(runner)
    claimable = in_scope(Job.objects.filter(label_set=OuterRef("pk"), status=Status.QUEUED, free=True), runner)
    rows = LabelSet.objects.filter(Exists(claimable)).values_list("pk", "labels")
    return [pk for pk, wanted in rows if {label.lower() for label in wanted} <= labels]


def in_scope(jobs: QuerySet[Job], runner: Runner) -> QuerySet[Job]:
    """Those of the jobs that a runner of this scope may take."""
    if runner.repository_id is not None:
        return jobs.filter(repository_id=runner.repository_id)
    if runner.owner_id is not None:
        return jobs.filter(owner_id=runner.owner_id)
    return jobs


def _known(runner: Runner, request_key: str) -> Claim | None:
    claim = Claim.objects.filter(runner=runner, request_key=request_key).first()
    if claim is None:
        return None
    if claim.ended_at is not None or not Claim.objects.filter(pk=claim.pk, lease_expires_at__gt=Now()).exists():
        raise Gone("The claim of this request key has ended; ask with a new key")
    return claim


@repeat.on_deadlock
def _take(runner: Runner, request_key: str, sets: list[int]) -> Claim | None:
    with transaction.atomic():
        # One claim of a runner at a time, so that the count below holds; and none once it was removed.
        held = Runner.objects.select_for_update(no_key=True).filter(pk=runner.pk, removed_at=None).first()
        if held is None or not _has_room(held):
            return None
        known = _known(held, request_key)
        if known is not None:
            return known
        picked = _pick(held, sets)
        if picked is None:
            return None
        job_id, epoch = picked
        lease = Now() + timedelta(seconds=settings.LEASE_SECONDS)
        claim = Claim.objects.create(
            job_id=job_id, epoch=epoch, runner=held, request_key=request_key, lease_expires_at=lease
        )
    claim.refresh_from_db()
    return claim


def _has_room(runner: Runner) -> bool:
    if runner.ephemeral and Claim.objects.filter(runner=runner, started_at__isnull=False).exists():
        return False  # one job for its whole life
    return Claim.objects.filter(runner=runner, ended_at=None).count() < runner.capacity


def _pick(runner: Runner, sets: list[int]) -> tuple[int, int] | None:
    """Take the oldest fitting job: its id and its new epoch."""
    places = ", ".join(["%s"] * len(sets))
    scope, parameters = "", list[Any]([False, runner.pk, runner.name, *sets])
    if runner.repository_id is not None:
        scope, parameters = " AND repository_id = %s", [*parameters, runner.repository_id]
    elif runner.owner_id is not None:
        scope, parameters = " AND owner_id = %s", [*parameters, runner.owner_id]
    skip = " FOR NO KEY UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    table = Job._meta.db_table
    statement = (
        f"UPDATE {table} SET free = %s, runner_id = %s, runner_name = %s, epoch = epoch + 1 WHERE id = ("
        f"SELECT id FROM {table} WHERE status = 'queued' AND free AND label_set_id IN ({places}){scope}"
        f" ORDER BY id LIMIT 1{skip}) RETURNING id, epoch"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
