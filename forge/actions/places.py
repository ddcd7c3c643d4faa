"""Places in concurrency groups: asked for, given back. Who has a group is decided in ``concurrency``.

A place is asked for and given back under the lock of its run; the group's own lock comes before that one, so
whoever has only the run never waits for a group: it leaves word, and the group is looked at after commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from forge.actions import background
from forge.actions.models import Claim, ConcurrencyGroup, Job, JobNode, Place, Run, RunAttempt
from forge.runners.models import Runner
from workflows.decide import Group
from workflows.messages import ActiveJob

#: What a runner that cannot reach the server may need beyond its limit to have everything of a job gone.
MARGIN = timedelta(seconds=60)
_STILL = (Place.State.WAITING, Place.State.HOLDING, Place.State.REFUSED)


@dataclass(frozen=True)
class Wish:
    """What is asked for: by an attempt as a whole, by a leg of a calling job's node, or by a job."""

    groups: tuple[Group, ...]
    node: JobNode | None = None
    leg: int = 0
    job: Job | None = None


def ask(run: Run, attempt: RunAttempt, wishes: Sequence[Wish]) -> None:
    """Stand in line. The groups are looked at after commit."""
    names = {group.name.lower(): group.name for wish in wishes for group in wish.groups}
    if not names:
        return
    rows = _groups(run.repository_id, names)
    # Somebody who repeats an old run means it now: only a first attempt stands where its push stood.
    pushed = attempt.number == 1 and run.event.ref_sequence > 0
    Place.objects.bulk_create(
        [
            Place(
                group_id=rows[group.name.lower()],
                run=run,
                attempt=attempt,
                node=wish.node,
                leg=wish.leg,
                job=wish.job,
                cancel_in_progress=group.cancel_in_progress,
                queue=group.queue,
                ref=run.event.ref if pushed else "",
                ref_sequence=run.event.ref_sequence if pushed else 0,
            )
            for wish in wishes
            for group in wish.groups
        ]
    )
    _look_at(rows.values())


def open_places(attempt: RunAttempt) -> list[Place]:
    """The places that the attempt has and may have to give back."""
    return list(Place.objects.filter(attempt=attempt, state__in=_STILL).select_related("job", "node").order_by("id"))


def give_back(places: Sequence[Place]) -> None:
    """Whoever had these is over. A group is free at once, unless something of it may still run somewhere."""
    until = _still_running([place for place in places if place.state == Place.State.HOLDING])
    for pk, release_at in until.items():
        Place.objects.filter(pk=pk).update(state=Place.State.LEAVING, release_at=release_at)
    Place.objects.filter(pk__in=[place.pk for place in places if place.pk not in until]).delete()
    _look_at({place.group_id for place in places})


def guarded(run: Run) -> bool:
    """True when a group may wait for the end of this run's jobs, so that it has to be known."""
    return Place.objects.filter(attempt=run.latest_attempt_id, state=Place.State.HOLDING).exists()


def offline_limit(*, is_guarded: bool) -> int:
    """Seconds that a runner may go on with a job without reaching the server."""
    limit = settings.OFFLINE_LIMIT_SECONDS
    return min(limit, settings.GUARDED_OFFLINE_LIMIT_SECONDS) if is_guarded else limit


def heard(runner: Runner, active: Iterable[ActiveJob]) -> None:
    """The runner says what it works on: nothing is left of the ended jobs that it does not name."""
    named = {(one.job, one.epoch) for one in active}
    claims = Claim.objects.filter(runner=runner, ended_at__isnull=False, gone_at=None)
    gone = [pk for pk, job, epoch in claims.values_list("pk", "job", "epoch") if (job, epoch) not in named]
    if gone:
        nothing_left(gone)


def nothing_left(gone: Sequence[int]) -> None:
    """Nothing of these claims, which have ended, runs anywhere: no group has to wait for them."""
    Claim.objects.filter(pk__in=gone, ended_at__isnull=False, gone_at=None).update(gone_at=timezone.now())
    attempts = Job.objects.filter(claims__in=gone).values("attempt")
    leaving = list(Place.objects.filter(attempt__in=attempts, state=Place.State.LEAVING))
    for place in leaving:
        if _runs_until(place) is None:
            Place.objects.filter(pk=place.pk, state=Place.State.LEAVING).update(release_at=timezone.now())
    _look_at({place.group_id for place in leaving})


def _groups(repository_id: int, names: dict[str, str]) -> dict[str, int]:
    """Ids of the rows by name in lower case, made where missing; none of them is ever deleted."""
    known = ConcurrencyGroup.objects.filter(repository=repository_id, name_key__in=names)
    found = dict(known.values_list("name_key", "pk"))
    missing = [key for key in names if key not in found]
    if missing:
        rows = [ConcurrencyGroup(repository_id=repository_id, name_key=key, name=names[key]) for key in missing]
        ConcurrencyGroup.objects.bulk_create(rows, ignore_conflicts=True)
        found = dict(known.all().values_list("name_key", "pk"))
    return found


def _still_running(places: Sequence[Place]) -> dict[int, datetime]:
    """Of these places, those of which something may still run, by id, and until when. Places of jobs, of which there
    may be many, are asked for together."""
    jobs = [place.job_id for place in places if place.job_id is not None]
    doubtful = set(_unsettled(Q(job__in=jobs)).values_list("job", flat=True)) if jobs else set()
    found = {}
    for place in places:
        if place.job_id is None or place.job_id in doubtful:
            until = _runs_until(place)
            if until is not None:
                found[place.pk] = until
    return found


def _unsettled(of: Q) -> QuerySet[Claim]:
    """Claims that have ended, but maybe not on their runner."""
    return Claim.objects.filter(of, ended_at__isnull=False, started_at__isnull=False, gone_at=None)


def _runs_until(place: Place) -> datetime | None:
    """Until when something of the place may run on a runner that has not said that it ended; None: nothing does."""
    last = _unsettled(_of(place)).order_by("-renewed_at").values_list("renewed_at", flat=True).first()
    if last is None:
        return None
    until = last + timedelta(seconds=offline_limit(is_guarded=True)) + MARGIN
    return until if until > timezone.now() else None


def _of(place: Place) -> Q:
    """The claims of the jobs that a place stands for."""
    if place.job_id is not None:
        return Q(job=place.job_id)
    if place.node is not None:
        return Q(job__attempt=place.attempt_id, job__node__key__startswith=f"{place.node.key}.{place.leg}/")
    return Q(job__attempt=place.attempt_id)


def _look_at(groups: Iterable[int]) -> None:
    for group in sorted(groups):
        background.enqueue("settle", group)
