"""One job to one runner, atomically.

One statement picks the oldest queued job that the runner's labels, group and scope fit and takes it; on
PostgreSQL it skips what another claimer has locked, on SQLite the immediate transaction is the lock. The
job's row alone is locked; it stays ``queued`` until the runner reports.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from forge.actions import reach, repeat
from forge.actions.models import Claim, Job, LabelSet
from forge.errors import Gone
from forge.runners import groups, registration
from forge.runners.models import Runner


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
    """Ids of the label sets with claimable jobs that the runner fits. Give it with its group."""
    labels, names = registration.known_labels(runner), groups.names(runner)
    scope, parameters = reach.condition(runner)
    statement = (
        f"SELECT l.id, l.labels, l.runner_group FROM {LabelSet._meta.db_table} l WHERE EXISTS (SELECT 1 FROM"
        f" {Job._meta.db_table} j WHERE j.label_set_id = l.id AND j.status = 'queued' AND j.free{scope})"
    )
    found = LabelSet.objects.raw(statement, parameters)
    return [one.pk for one in found if fits(one, labels, names)]


def fits(wanted: LabelSet, labels: frozenset[str], names: frozenset[str]) -> bool:
    """Whether a runner with these labels, whose group goes by these names, is what they ask for."""
    named = not wanted.runner_group or wanted.runner_group.lower() in names
    return named and registration.covers(labels, wanted.labels)


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
        if (held.labels, held.group_id) != (runner.labels, runner.group_id):
            sets = waiting_label_sets(held)  # somebody has just changed what it may take
        picked = _pick(held, sets) if sets else None
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
    scope, more = reach.condition(runner)
    skip = " FOR NO KEY UPDATE OF j SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    table = Job._meta.db_table
    statement = (
        f"UPDATE {table} SET free = %s, runner_id = %s, runner_name = %s, epoch = epoch + 1 WHERE id = ("
        f"SELECT j.id FROM {table} j WHERE j.status = 'queued' AND j.free AND j.label_set_id IN ({places}){scope}"
        f" ORDER BY j.id LIMIT 1{skip}) RETURNING id, epoch"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [False, runner.pk, runner.name, *sets, *more])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
