"""The only place where a run goes on: lock it, take a snapshot, ask ``workflows.decide``, apply the moves.

Every verb that changes a run ends here, in the same transaction. It stops when there is nothing left to
decide; then the attempt's status is worked out anew from its jobs.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from forge.actions import background, moves, places, reasons, repeat, snapshots, sources, transitions, wakeup
from forge.actions.models import Job, Place, Run, RunAttempt
from forge.repos import git
from workflows import decide, states
from workflows.decide import Conclude, Snapshot
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
    conclusion, now, asked = _apply_all(found, attempt)
    _roll_up(attempt, conclusion, now)
    if asked:
        _give_back(attempt, now)
    wakeup.run_changed(found.pk, found.repository_id, found.actor_id)


def started(found: Run) -> None:
    """A job of the run is in progress now, from which nothing follows but that its attempt is. The caller has locked
    the run (``transitions.lock_row``) and holds the transaction."""
    attempt = found.latest_attempt
    if attempt is not None and attempt.status != Status.COMPLETED:
        transitions.attempt(attempt, states.roll_up_status(Hold(attempt.hold), [Status.IN_PROGRESS], finished=False))
    wakeup.run_changed(found.pk, found.repository_id, found.actor_id)


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


def _apply_all(found: Run, attempt: RunAttempt) -> tuple[Conclusion | None, Snapshot | None, bool]:
    """Every move until there are none: how the attempt ends, if it does, how it stood at last, and whether it has
    asked for concurrency groups."""
    for _ in range(ROUNDS):
        asked = snapshots.asked(attempt)
        now = snapshots.take(found, attempt, asked)
        if now is None:
            return _unreadable(found, attempt), None, bool(asked)
        decided = decide.decide(now)
        conclusion = next((move.conclusion for move in decided if isinstance(move, Conclude)), None)
        if conclusion is not None or not moves.apply(found, attempt, decided):
            return conclusion, now, bool(asked)
    raise AssertionError(f"run {found.pk}: still moving after {ROUNDS} rounds")


def _give_back(attempt: RunAttempt, now: Snapshot | None) -> None:
    """The concurrency groups of whatever is over now."""
    held = places.open_places(attempt)
    if not held:
        return
    ended = attempt.status == Status.COMPLETED or now is None
    over = [place for place in held if ended or _is_over(place, now)]
    places.give_back(over)


def _is_over(place: Place, now: Snapshot | None) -> bool:
    if place.job is not None:
        return place.job.status == Status.COMPLETED
    return place.node is not None and now is not None and decide.leg_done(now, place.node.key, place.leg)


def _roll_up(attempt: RunAttempt, conclusion: Conclusion | None, now: Snapshot | None) -> None:
    if conclusion is not None:
        why = attempt.reason or reasons.of_end(attempt, conclusion)
        transitions.attempt(attempt, Status.COMPLETED, conclusion, why)
        return
    if now is not None:
        transitions.attempt(attempt, decide.roll_up(now)[0])


def _unreadable(found: Run, attempt: RunAttempt) -> Conclusion:
    """The file was valid when the run was made and is refused now: end it, and say so."""
    problems = sources.parsed_of_run(found).problems
    attempt.problems = [
        {"file": one.file, "line": one.line, "column": one.column, "message": one.text} for one in problems
    ]
    attempt.reason = {"code": "source_unreadable"}
    RunAttempt.objects.filter(pk=attempt.pk).update(problems=attempt.problems, updated_at=timezone.now())
    for job in Job.objects.filter(attempt=attempt).exclude(status=Status.COMPLETED):
        transitions.complete(job, Conclusion.FAILURE, attempt.reason)
        moves.end_claims(found, [job.pk], "source_unreadable")
    return Conclusion.FAILURE
