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


#: Forward order of the words; a move goes to a strictly later rank, except between the waiting words.
_RANK = {
    Status.REQUESTED: 0,
    Status.WAITING: 1,
    Status.PENDING: 1,
    Status.QUEUED: 2,
    Status.IN_PROGRESS: 3,
    Status.COMPLETED: 4,
}


def may_move(before: Status, after: Status) -> bool:
    """True when a job or step may go from one status to the other; nothing leaves ``completed``."""
    if before == after or before is Status.COMPLETED:
        return False
    if _RANK[before] == _RANK[after]:
        return True
    return _RANK[after] > _RANK[before]


def before(after: Status) -> tuple[Status, ...]:
    """Every status from which a move to ``after`` is allowed."""
    return tuple(status for status in Status if may_move(status, after))


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
    if seen == {Conclusion.SKIPPED}:
        return Conclusion.SKIPPED
    return Conclusion.SUCCESS


def roll_up_status(hold: Hold, statuses: Iterable[Status], *, finished: bool) -> Status:
    """The status of an attempt from its hold and its jobs.

    ``finished`` says that no node is left to expand and every job is completed.
    """
    if hold is Hold.STARTUP_FAILURE or finished:
        return Status.COMPLETED
    if hold is Hold.APPROVAL:
        return Status.WAITING
    if hold is Hold.CONCURRENCY:
        return Status.PENDING
    seen = set(statuses)
    if not seen or seen == {Status.QUEUED}:
        return Status.QUEUED
    if seen & {Status.IN_PROGRESS, Status.COMPLETED}:
        return Status.IN_PROGRESS if seen - {Status.WAITING} != {Status.COMPLETED} else Status.WAITING
    if Status.QUEUED in seen:
        return Status.QUEUED
    return Status.WAITING if Status.WAITING in seen else Status.PENDING
