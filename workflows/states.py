"""Words for status and conclusion, the moves that are allowed, and the roll-up of jobs into a run.

Server and runner import this one module, so that there is one set of rules. The words are GitHub's
(REST API, "workflow runs" and "workflow jobs").
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """Where a run's attempt, a job or a step stands."""

    REQUESTED = "requested"
    WAITING = "waiting"  # an approval or a wait timer
    PENDING = "pending"  # a concurrency group or max-parallel is busy
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(StrEnum):
    """How something ended; set exactly when its status is ``completed``."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    NEUTRAL = "neutral"
    ACTION_REQUIRED = "action_required"
    STALE = "stale"
    STARTUP_FAILURE = "startup_failure"


class Hold(StrEnum):
    """What keeps a whole attempt from going on."""

    NONE = ""
    STARTUP_FAILURE = "startup_failure"
    APPROVAL = "approval"
    CONCURRENCY = "concurrency"


#: Forward order of the words. Waiting and pending may follow each other either way.
_RANK = {
    Status.REQUESTED: 0,
    Status.WAITING: 1,
    Status.PENDING: 1,
    Status.QUEUED: 2,
    Status.IN_PROGRESS: 3,
    Status.COMPLETED: 4,
}


def may_move(before: Status, after: Status) -> bool:
    """True when a job or step may go from one status to the other; nothing leaves ``completed``.

    An attempt is not bound by this: its status is worked out anew from its jobs, and may go from
    ``in_progress`` to ``waiting`` and back; but it never leaves ``completed`` either.
    """
    return before is not Status.COMPLETED and before is not after and _RANK[before] <= _RANK[after]


def before(after: Status) -> tuple[Status, ...]:
    """Every status from which a move to ``after`` is allowed."""
    return tuple(status for status in Status if may_move(status, after))


#: The one way back: a job whose runner was lost before any step of the workflow started is queued again.
REQUEUE_FROM = (Status.IN_PROGRESS,)


#: What `needs.<job>.result` can say.
_RESULTS = {
    Conclusion.SUCCESS: Conclusion.SUCCESS,
    Conclusion.NEUTRAL: Conclusion.SUCCESS,
    Conclusion.SKIPPED: Conclusion.SKIPPED,
    Conclusion.CANCELLED: Conclusion.CANCELLED,
}


def need_result(conclusion: Conclusion) -> Conclusion:
    """The word for a job in ``needs.*.result``: success, failure, cancelled or skipped."""
    return _RESULTS.get(conclusion, Conclusion.FAILURE)


def concludes(status: Status, conclusion: Conclusion | None) -> bool:
    """The rule of every row: a conclusion is set exactly when the status is ``completed``."""
    return (status is Status.COMPLETED) == (conclusion is not None)


#: A later step's result replaces the job's only when it is worse; what is not named here does not count.
_STEP_SEVERITY = {Conclusion.SUCCESS: 0, Conclusion.FAILURE: 1, Conclusion.TIMED_OUT: 1, Conclusion.CANCELLED: 2}


def step_conclusion(outcome: Conclusion, *, continue_on_error: bool) -> Conclusion:
    """A step's conclusion from its outcome: ``continue-on-error`` forgives a failure, never a cancel."""
    failed = outcome in (Conclusion.FAILURE, Conclusion.TIMED_OUT)
    return Conclusion.SUCCESS if failed and continue_on_error else outcome


def job_result(steps: Iterable[Conclusion]) -> Conclusion:
    """A job's result from its steps' conclusions: the worst of success, failure, cancelled."""
    counted = (word for word in steps if word in _STEP_SEVERITY)
    return max(counted, key=_STEP_SEVERITY.__getitem__, default=Conclusion.SUCCESS)


def forgiven(conclusion: Conclusion, *, continue_on_error: bool) -> Conclusion:
    """What a job counts as for the jobs that need it and for its run: its ``continue-on-error`` applied."""
    return step_conclusion(conclusion, continue_on_error=continue_on_error)


#: Worst first. A run with no failure and no cancel is a success, also when jobs were skipped.
_SEVERITY = (
    Conclusion.STARTUP_FAILURE,
    Conclusion.FAILURE,
    Conclusion.TIMED_OUT,
    Conclusion.ACTION_REQUIRED,
    Conclusion.CANCELLED,
    Conclusion.STALE,
)


def roll_up_conclusion(conclusions: Iterable[Conclusion]) -> Conclusion:
    """The conclusion of a set of ended jobs: the worst of them; skipped only when all are skipped."""
    seen = set(conclusions)
    for word in _SEVERITY:
        if word in seen:
            return Conclusion.FAILURE if word is Conclusion.TIMED_OUT else word
    return Conclusion.SKIPPED if seen == {Conclusion.SKIPPED} else Conclusion.SUCCESS


def roll_up_status(hold: Hold, statuses: Iterable[Status], *, finished: bool) -> Status:
    """The status of an attempt from its hold and its jobs.

    ``finished`` says that no node is left to expand and every job is completed. An attempt is in
    progress while a job runs, and between the end of one job and the start of the next; with all its
    open jobs held it says by what: an approval before a busy group.
    """
    if hold is Hold.STARTUP_FAILURE or finished:
        return Status.COMPLETED
    if hold is Hold.APPROVAL:
        return Status.WAITING
    if hold is Hold.CONCURRENCY:
        return Status.PENDING
    seen = set(statuses)
    still_open = seen - {Status.COMPLETED}
    if Status.IN_PROGRESS in seen:
        return Status.IN_PROGRESS
    if not still_open or still_open & {Status.QUEUED, Status.REQUESTED}:
        return Status.IN_PROGRESS if Status.COMPLETED in seen else Status.QUEUED
    return Status.WAITING if Status.WAITING in still_open else Status.PENDING
