"""Who still holds what, and what happens when they vanish.

A lease is renewed by heartbeats only, by the database's clock. It counts only while the agent door was
open: a beat row every few seconds says so, and after a gap every held lease gets a full term.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from forge.actions import advance, assignment, logs, moves, places, repeat, transitions, wakeup
from forge.actions.models import Beat, Claim, Job, Run, RunAttempt, Step
from forge.actions.refusals import LeaseLost
from forge.runners.models import Runner
from workflows.messages import ActiveJob, CancelNotice, CancelState, HeartbeatEntry, LeftJob, RecoveredJob
from workflows.states import Conclusion, Status

log = logging.getLogger(__name__)

DOOR = "agent"
BEAT_SECONDS = 5.0  # at the most
#: A longer silence of the door is an outage; leases do not count through it. At the most: a third of a lease, so that
#: one that was renewed just before a shorter silence lives on after it.
GAP = timedelta(seconds=15)
#: How often a job lost before it started is queued again.
MOST_LOST = 3
#: Beyond its timeout the server ends a job itself, after so long at least.
GRACE = timedelta(minutes=5)
#: What a runner may need to stop everything and to say so, when a job's time is over.
ANSWER = timedelta(seconds=30)
#: So long an ephemeral runner has to take itself away after its job.
USED = timedelta(minutes=1)
#: So long one may be silent, also before it ever came.
SILENT = timedelta(days=1)


def beat_seconds() -> float:
    """How often the door says that it is open."""
    return min(BEAT_SECONDS, settings.LEASE_SECONDS / 9)


def gap() -> timedelta:
    """From how much silence on the door counts as away."""
    return min(GAP, timedelta(seconds=settings.LEASE_SECONDS / 3))


@repeat.on_deadlock
def beat() -> None:
    """The door is open. After a gap every held lease gets a full term, in the same transaction."""
    with transaction.atomic():
        Beat.objects.bulk_create([Beat(name=DOOR, at=Now())], ignore_conflicts=True)
        row = Beat.objects.select_for_update().filter(name=DOOR)
        if row.filter(at__lt=Now() - gap()).exists():
            log.warning("the agent door was away; every held lease gets a full term")
            Claim.objects.filter(ended_at=None, lease_expires_at__lt=_term()).update(lease_expires_at=_term())
        row.update(at=Now())


def heartbeat(runner: Runner, active: Sequence[ActiveJob]) -> tuple[HeartbeatEntry, ...]:
    """Renew the leases of these jobs; answers entry by entry, with what their cancels say."""
    held = _held(runner, active)
    Claim.objects.filter(pk__in=[claim.pk for claim in held.values()], ended_at=None).update(
        lease_expires_at=_term(), renewed_at=Now()
    )
    places.heard(runner, active)
    return tuple(_entry(one, held.get((one.job, one.epoch))) for one in active)


def cancels(runner: Runner, active: Sequence[ActiveJob]) -> tuple[CancelNotice, ...]:
    """What the runner has to stop and does not know yet; a job that it lost is to be killed at once."""
    if not active:
        return ()
    held = _held(runner, active)
    notices = []
    for one in active:
        claim = held.get((one.job, one.epoch))
        level, reason = (2, "The lease of this job is lost") if claim is None else _level(claim.job)
        if level > one.cancel_seen:
            notices.append(CancelNotice(one.job, one.epoch, level == 2, reason))
    return tuple(notices)


def cancel_state(claim: Claim) -> CancelState:
    """Whether the job of a claim is to stop. LeaseLost when the claim has ended."""
    if claim.ended_at is not None:
        raise LeaseLost
    level, reason = _level(Job.objects.get(pk=claim.job_id))
    return CancelState(level > 0, level == 2, reason)


def release(runner_id: int, reason: str = "runner_removed") -> int:
    """The runner is gone (removed, replaced): its jobs follow the lost-runner rule at once."""
    claims = Claim.objects.filter(runner=runner_id, ended_at=None).values_list("pk", flat=True)
    wakeup.runner_changed(runner_id)
    return sum(_lose(claim, reason, expired_only=False) for claim in list(claims))


def recover(runner: Runner, left: Sequence[LeftJob]) -> tuple[RecoveredJob, ...]:
    """The runner goes on with none of these jobs, and nothing of them runs any more: it was restarted, or gave them up.

    Those that it still held follow the lost-runner rule at once. Where a job is over and the runner has more of its
    log, the answer has the token that appends it.
    """
    return tuple(_recover(runner, one) for one in left)


def expire() -> int:
    """End the claims whose leases ran out while the door was open."""
    if not Beat.objects.filter(name=DOOR, at__gte=Now() - gap()).exists():
        return 0  # nobody could have renewed
    claims = Claim.objects.filter(ended_at=None, lease_expires_at__lt=Now()).order_by("lease_expires_at")
    return sum(
        _lose(claim, "runner_lost", expired_only=True) for claim in list(claims.values_list("pk", flat=True)[:500])
    )


def remove_used() -> int:
    """Ephemeral runners that had their one job are gone, if they have not taken themselves away by now; and those that
    nobody has heard of for a day."""
    used = Claim.objects.filter(runner__ephemeral=True, runner__removed_at=None, started_at__isnull=False)
    over = used.filter(ended_at__lt=Now() - USED).values("runner")
    silent = Q(ephemeral=True, created_at__lt=Now() - SILENT) & (
        Q(last_seen_at=None) | Q(last_seen_at__lt=Now() - SILENT)
    )
    return Runner.objects.filter(Q(pk__in=over) | silent, removed_at=None).update(removed_at=Now())


def end_overdue() -> int:
    """End jobs past their timeout and cancels that no runner answered, once what a job has for that is over."""
    running = Job.objects.filter(status=Status.IN_PROGRESS)
    ended = 0
    # Arithmetic on durations is not portable; the running jobs are looked at one by one.
    for job in running.filter(cancel_requested_at__lt=Now() - ANSWER):
        if running.filter(pk=job.pk, cancel_requested_at__lt=Now() - cancel_patience(job)).exists():
            ended += _end(job, Conclusion.CANCELLED, {**job.cancel_reason, "unanswered": True})
    for job in running.filter(started_at__lt=Now() - GRACE):
        over = timeout_patience(job)
        if running.filter(pk=job.pk, started_at__lt=Now() - over).exists():
            ended += _end(job, Conclusion.TIMED_OUT, {"code": "timed_out", "minutes": job.timeout_minutes})
    return ended


def cancel_patience(job: Job) -> timedelta:
    """How long after its cancel a job may still run."""
    return timedelta(minutes=job.cancel_timeout_minutes) + ANSWER


def timeout_patience(job: Job) -> timedelta:
    """How long after its start a job may still run: past its timeout its runner cancels it."""
    return timedelta(minutes=job.timeout_minutes) + max(GRACE, cancel_patience(job))


def unfinished_runs(limit: int = 100) -> list[int]:
    """Runs that should have gone on: open, untouched for a while, with no open job to wait for."""
    open_jobs = Job.objects.filter(~Q(status=Status.COMPLETED)).values("attempt")
    rows: QuerySet[RunAttempt] = RunAttempt.objects.filter(
        ~Q(status=Status.COMPLETED), latest=True, updated_at__lt=Now() - timedelta(seconds=5)
    )
    return list(rows.exclude(pk__in=open_jobs).order_by("updated_at").values_list("run_id", flat=True)[:limit])


def _term() -> ExpressionWrapper:
    seconds = timedelta(seconds=settings.LEASE_SECONDS)
    return ExpressionWrapper(Now() + seconds, output_field=DateTimeField())


def _held(runner: Runner, active: Iterable[ActiveJob]) -> dict[tuple[int, int], Claim]:
    """The live claims of this runner among these jobs, by job and epoch."""
    claims = Claim.objects.select_related("job").filter(
        runner=runner, ended_at=None, job__in=[one.job for one in active]
    )
    return {(claim.job_id, claim.epoch): claim for claim in claims}


def _entry(one: ActiveJob, claim: Claim | None) -> HeartbeatEntry:
    if claim is None:
        return HeartbeatEntry(one.job, one.epoch, held=False)
    level, reason = _level(claim.job)
    return HeartbeatEntry(one.job, one.epoch, True, level > 0, level == 2, reason)


def _level(job: Job) -> tuple[int, str]:
    """0: go on; 1: cancel; 2: stop at once; and the words for the log."""
    if job.cancel_forced or job.status == Status.COMPLETED:
        return 2, _words(job)
    return (1, _words(job)) if job.cancel_requested_at is not None else (0, "")


def _words(job: Job) -> str:
    reason = job.cancel_reason or job.reason
    who = f" by {reason['by']}" if reason.get("by") else ""
    return f"Cancelled{who}" if reason.get("code") in ("cancelled", "run_cancelled") else str(reason.get("code", ""))


def _recover(runner: Runner, one: LeftJob) -> RecoveredJob:
    claim = Claim.objects.filter(runner=runner, job=one.job, epoch=one.epoch).first()
    if claim is None:
        return RecoveredJob(one.job, one.epoch)
    _lose(claim.pk, "runner_restarted", expired_only=False)
    places.nothing_left([claim.pk])
    here = logs.expect(claim, one.log_length, one.log_sha256)
    if here is None:
        return RecoveredJob(one.job, one.epoch)
    return RecoveredJob(one.job, one.epoch, assignment.lease_token(claim), here)


@repeat.on_deadlock
def _lose(claim_id: int, why: str, *, expired_only: bool) -> bool:
    """The lost-runner rule for one claim, decided again under the locks."""
    run_id = Claim.objects.values_list("job__run_id", flat=True).get(pk=claim_id)
    with transaction.atomic():
        run = transitions.lock(run_id)
        claim = Claim.objects.select_related("runner").get(pk=claim_id)
        job = Job.objects.select_for_update(no_key=True).get(pk=claim.job_id)
        mine = Claim.objects.filter(pk=claim_id, ended_at=None)
        if expired_only:
            mine = mine.filter(lease_expires_at__lt=Now())
        if not mine.update(ended_at=Now(), end_reason=why):
            return False
        moves.forget_gone(run, [claim])
        wakeup.runner_changed(claim.runner_id)
        _after_loss(run, job, claim, why)
    return True


def _after_loss(run: Run, job: Job, claim: Claim, why: str) -> None:
    lost = {
        "code": "runner_lost",
        "runner": claim.runner.name,
        "last_heard_at": claim.renewed_at.isoformat(),
        "removed": why == "runner_removed",
        "restarted": why == "runner_restarted",
    }
    if job.status == Status.COMPLETED:
        return
    if claim.started_at is not None:
        transitions.complete(job, Conclusion.FAILURE, lost)
    elif job.cancel_requested_at is not None:
        transitions.complete(job, Conclusion.CANCELLED, job.cancel_reason)
    elif job.lost_claims >= MOST_LOST:
        transitions.complete(job, Conclusion.FAILURE, {**lost, "times": job.lost_claims + 1})
    else:
        Step.objects.filter(job=job).delete()  # none of the workflow's own has begun
        if transitions.requeue(job):
            moves.offer(job)
    advance.locked(run)


@repeat.on_deadlock
def _end(job: Job, conclusion: Conclusion, reason: dict[str, object]) -> bool:
    with transaction.atomic():
        run = transitions.lock(job.run_id)
        now = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
        if not transitions.complete(now, conclusion, reason):
            return False
        moves.end_claims(run, [now.pk], str(reason["code"]))
        advance.locked(run)
    return True
