"""The decisions. Each looks at the snapshot alone, so asking twice gives the same answer."""

from __future__ import annotations

from collections.abc import Iterator

from workflows import states
from workflows.decide.expansion import CannotEvaluate, expand, plain_name
from workflows.decide.needs import View, done, roll_up_of
from workflows.decide.snapshot import Cancel, Conclude, End, JobState, Move, NodeState, Queue, Snapshot
from workflows.errors import ExpressionError
from workflows.states import Conclusion, Hold, Status

_OPEN_FAILURES = (Conclusion.FAILURE, Conclusion.TIMED_OUT)


def decide(snapshot: Snapshot) -> tuple[Move, ...]:
    """Every move that can be made now; apply them and ask again until there are none.

    Nothing is moved while the attempt is held. A cancel dissolves a hold: its nodes end without their
    conditions being asked, since what an approval keeps from running must not run by being cancelled.
    """
    if snapshot.completed or snapshot.hold is Hold.STARTUP_FAILURE:
        return ()
    view = View(snapshot)
    if snapshot.hold is not Hold.NONE:
        moves = tuple(_dissolve(view)) if snapshot.cancel_requested else ()
    else:
        moves = tuple(move for node in snapshot.nodes for move in _node(view, node))
    if not moves and all(map(done, snapshot.nodes)) and (snapshot.hold is Hold.NONE or snapshot.cancel_requested):
        return (Conclude(_conclusion(snapshot)),)
    return moves


def roll_up(snapshot: Snapshot) -> tuple[Status, Conclusion | None]:
    """Status and conclusion of the attempt, from its hold, nodes and jobs alone."""
    finished = all(map(done, snapshot.nodes))
    statuses = [job.status for node in snapshot.nodes for job in node.jobs]
    status = states.roll_up_status(snapshot.hold, statuses, finished=finished)
    if status is not Status.COMPLETED:
        return status, None
    return status, Conclusion.STARTUP_FAILURE if snapshot.hold is Hold.STARTUP_FAILURE else _conclusion(snapshot)


def _conclusion(snapshot: Snapshot) -> Conclusion:
    return states.roll_up_conclusion(map(roll_up_of, snapshot.nodes))


def _node(view: View, node: NodeState) -> Iterator[Move]:
    if node.expanded:
        yield from _running(view, node)
    elif view.ready(node):
        yield _begin(view, node)


def _begin(view: View, node: NodeState) -> Move:
    """A node whose needs are over: its legs, or the one job that says why it has none."""
    job = view.jobs[node.key]
    cancelled = view.snapshot.cancel_requested
    try:
        if not view.holds(node, cancelled=cancelled):
            return _skip(view, node)
        return expand(job, view.contexts(node))
    except ExpressionError as error:
        message = f"Error when evaluating 'if' for job '{job.id}'. {error.message}"
        reason = {"code": "evaluation_error", "key": "if", "message": message}
    except CannotEvaluate as error:
        reason = {"code": "evaluation_error", "key": error.key, "message": str(error)}
    return _cancelled(view, node) if cancelled else End(node.key, plain_name(job), Conclusion.FAILURE, reason)


def _skip(view: View, node: NodeState) -> Move:
    if view.snapshot.cancel_requested:
        return _cancelled(view, node)
    job = view.jobs[node.key]
    blocker = view.blocker(node)
    reason: dict[str, object] = {"code": "condition_false", "expression": job.if_}
    if blocker is not None and (job.if_ == "success()" or job.if_.startswith("success() && ")):
        reason = {"code": "need_failed", "need": blocker, "result": view.result(blocker).value}
    return End(node.key, plain_name(job), Conclusion.SKIPPED, reason)


def _cancelled(view: View, node: NodeState) -> End:
    return End(node.key, plain_name(view.jobs[node.key]), Conclusion.CANCELLED, {"code": "cancelled"})


def _dissolve(view: View) -> Iterator[Move]:
    """The end of a held attempt that was cancelled."""
    for node in view.snapshot.nodes:
        if node.expanded:
            yield from _cancel_all(node, {"code": "run_cancelled"})
        else:
            yield _cancelled(view, node)


def _running(view: View, node: NodeState) -> Iterator[Move]:
    """A node with jobs: those to cancel, else those whose turn has come."""
    if done(node):
        return
    if view.snapshot.cancel_requested and not _goes_on(view, node):
        yield from _cancel_all(node, {"code": "run_cancelled"})
        return
    failed = _first_failure(node)
    if failed is not None and node.fail_fast:
        yield from _cancel_all(node, {"code": "fail_fast", "job": failed.id, "leg": failed.leg})
        return
    yield from _release(node)


def _goes_on(view: View, node: NodeState) -> bool:
    """On a cancel GitHub asks each running job's ``if`` again; one that is true, as ``always()``, goes on."""
    try:
        return view.holds(node, cancelled=True)
    except ExpressionError:
        return False


def _first_failure(node: NodeState) -> JobState | None:
    """The leg that makes fail-fast stop the others; one with continue-on-error does not."""
    failed = (job for job in node.jobs if job.conclusion in _OPEN_FAILURES and not job.continue_on_error)
    return min(failed, key=lambda job: job.leg, default=None)


def _cancel_all(node: NodeState, reason: dict[str, object]) -> Iterator[Move]:
    for job in node.jobs:
        if job.status is not Status.COMPLETED and not job.cancel_requested:
            yield Cancel(job.id, reason)


def _release(node: NodeState) -> Iterator[Move]:
    """Legs held by max-parallel go in order of their index, as many as have room."""
    if node.max_parallel is None:
        return
    running = sum(job.status not in (Status.PENDING, Status.COMPLETED) for job in node.jobs)
    held = sorted((job for job in node.jobs if job.status is Status.PENDING), key=lambda job: job.leg)
    for job in held[: max(node.max_parallel - running, 0)]:
        if not job.cancel_requested:
            yield Queue(job.id)
