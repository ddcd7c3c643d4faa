"""The only place where a run goes on: lock it, take a snapshot, ask ``workflows.decide``, apply the moves.

Every verb that changes a run ends here, in the same transaction. It stops when there is nothing left to
decide; then the attempt's status is worked out anew from its jobs.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from forge import storable
from forge.actions import background, reasons, repeat, snapshots, sources, transitions, wakeup
from forge.actions.models import Claim, Job, JobNode, LabelSet, Run, RunAttempt
from forge.repos import git
from workflows import decide, states
from workflows.decide import Cancel, Conclude, End, Expand, Leg, Move, Queue
from workflows.states import Conclusion, Hold, Status

log = logging.getLogger(__name__)

#: Each round of moves brings an attempt further; one that still is not done has met a defect.
ROUNDS = 1000


@repeat.on_deadlock
def run(run_id: int) -> None:
    """Take every move that is due in a run, in one transaction."""
    with transaction.atomic():
        locked(transitions.lock(run_id))


def locked(found: Run) -> None:
    """The same for a caller that has locked the run (``transitions.lock``) and holds the transaction."""
    attempt = found.latest_attempt
    if attempt is None or attempt.status == Status.COMPLETED:
        return
    conclusion = _apply_all(found, attempt)
    _roll_up(attempt, conclusion)
    wakeup.run_changed(found.pk, found.repository_id)


def begin(found: Run) -> None:
    """Keep the commit of a new run and take its first moves. What fails here is done by the sweep."""
    try:
        git.pin(found.repository, str(found.pk), found.head_sha)
    except Exception:
        log.warning("commit %s of run %s could not be pinned", found.head_sha, found.pk, exc_info=True)
    try:
        run(found.pk)
    except Exception:
        log.exception("run %s could not be advanced at once", found.pk)
        background.enqueue("advance", found.pk)


def stop(job: Job, reason: Mapping[str, Any], *, force: bool = False) -> bool:
    """Stop a job: at once when no runner works on it or when forced, else by asking its runner."""
    if force or job.status != Status.IN_PROGRESS:
        Job.objects.filter(pk=job.pk).update(cancel_forced=force)
        ended = transitions.complete(job, Conclusion.CANCELLED, reason)
        end_claim(job, "cancelled")
        return ended
    values = {"cancel_requested_at": Now(), "cancel_reason": dict(reason)}
    asked = Job.objects.filter(pk=job.pk, status=Status.IN_PROGRESS, cancel_requested_at=None).update(**values)
    if job.runner_id:
        wakeup.runner_changed(job.runner_id)
    return bool(asked)


def end_claim(job: Job, reason: str) -> None:
    """Nobody holds the job any more; its tokens open nothing from now on, and its runner hears of it."""
    for claim in Claim.objects.select_for_update().filter(job=job, ended_at=None):
        Claim.objects.filter(pk=claim.pk).update(ended_at=Now(), end_reason=reason)
        wakeup.runner_changed(claim.runner_id)


def label_set(labels: tuple[str, ...]) -> LabelSet:
    """The row of a list of labels, whatever their order and case."""
    key = "\n".join(sorted({label.lower() for label in labels}))
    if len(key) > 1024:
        key = hashlib.sha256(key.encode()).hexdigest()
    return LabelSet.objects.get_or_create(key=key, defaults={"labels": list(labels)})[0]


def offer(job: Job) -> None:
    """Wake a runner for a queued job."""
    if job.label_set is not None:
        wakeup.offer(job.label_set.labels, job.repository_id, job.owner_id)


def _apply_all(found: Run, attempt: RunAttempt) -> Conclusion | None:
    for _ in range(ROUNDS):
        now = snapshots.take(found, attempt)
        if now is None:
            return _unreadable(found, attempt)
        moves = decide.decide(now)
        conclusion = next((move.conclusion for move in moves if isinstance(move, Conclude)), None)
        changed = [_apply(found, attempt, move) for move in moves if not isinstance(move, Conclude)]
        if conclusion is not None or not any(changed):
            return conclusion
    raise AssertionError(f"run {found.pk}: still moving after {ROUNDS} rounds")


def _apply(found: Run, attempt: RunAttempt, move: Move) -> bool:
    match move:
        case Expand():
            return _expand(found, attempt, move)
        case End():
            return _end(found, attempt, move)
        case Queue():
            return _queue(move)
        case Cancel():
            return stop(Job.objects.get(pk=move.job), _with_person(attempt, move.reason))
    return False


def _expand(found: Run, attempt: RunAttempt, move: Expand) -> bool:
    node = _take(attempt, move.key, fail_fast=move.fail_fast, max_parallel=move.max_parallel)
    if node is None:
        return False
    for leg in move.legs:
        held = move.max_parallel is not None and leg.index >= move.max_parallel
        job = transitions.new_job(node, found, leg.index, Status.PENDING if held else Status.QUEUED, **_of_leg(leg))
        if not held:
            offer(job)
    return True


def _of_leg(leg: Leg) -> dict[str, Any]:
    return {
        "name": storable.text(leg.name)[:255],
        "matrix": storable.data(leg.matrix),
        "label_set": label_set(leg.labels),
        "timeout_minutes": leg.timeout_minutes,
        "continue_on_error": leg.continue_on_error,
    }


def _end(found: Run, attempt: RunAttempt, move: End) -> bool:
    node = _take(attempt, move.key)
    if node is None:
        return False
    reason = storable.data(_with_person(attempt, move.reason))
    name = storable.text(move.name)[:255]
    transitions.new_job(node, found, 0, Status.COMPLETED, move.conclusion, name=name, reason=reason, free=False)
    return True


def _take(attempt: RunAttempt, key: str, **values: Any) -> JobNode | None:
    """The node, marked as expanded; None when it was already."""
    if not JobNode.objects.filter(attempt=attempt, key=key, expanded=False).update(expanded=True, **values):
        return None
    return JobNode.objects.get(attempt=attempt, key=key)


def _queue(move: Queue) -> bool:
    job = Job.objects.select_related("label_set").get(pk=move.job)
    queued = transitions.queue(job)
    if queued:
        offer(job)
    return queued


def _with_person(attempt: RunAttempt, reason: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever cancelled the attempt is named in the reason of everything that ends because of it."""
    if attempt.cancel_requested_at is not None and reason.get("code") in ("cancelled", "run_cancelled"):
        return {**reason, **attempt.reason}
    return dict(reason)


def _roll_up(attempt: RunAttempt, conclusion: Conclusion | None) -> None:
    if conclusion is not None:
        why = attempt.reason or reasons.of_end(attempt, conclusion)
        transitions.attempt(attempt, Status.COMPLETED, conclusion, why)
        return
    statuses = {Status(word) for word in Job.objects.filter(attempt=attempt).values_list("status", flat=True)}
    transitions.attempt(attempt, states.roll_up_status(Hold(attempt.hold), statuses, finished=False))


def _unreadable(found: Run, attempt: RunAttempt) -> Conclusion:
    """The file was valid when the run was made and is refused now: end it, and say so."""
    problems = sources.File(found.workflow.path, found.source.text.encode()).parsed().problems
    attempt.problems = [
        {"file": one.file, "line": one.line, "column": one.column, "message": one.text} for one in problems
    ]
    attempt.reason = {"code": "source_unreadable"}
    RunAttempt.objects.filter(pk=attempt.pk).update(problems=attempt.problems, updated_at=timezone.now())
    for job in Job.objects.filter(attempt=attempt).exclude(status=Status.COMPLETED):
        transitions.complete(job, Conclusion.FAILURE, attempt.reason)
        end_claim(job, "source_unreadable")
    return Conclusion.FAILURE
