"""The decisions. Each looks at the snapshot alone, so asking twice gives the same answer."""

from __future__ import annotations

from collections.abc import Iterator

from workflows import states
from workflows.decide.calls import enter
from workflows.decide.expansion import CannotEvaluate, expand, plain_name
from workflows.decide.needs import FAILURES, View
from workflows.decide.snapshot import (
    Admit,
    Ask,
    AskCall,
    CallLeg,
    Cancel,
    Conclude,
    End,
    Gate,
    JobState,
    Move,
    NodeState,
    Queue,
    Snapshot,
)
from workflows.errors import ExpressionError
from workflows.states import Conclusion, Hold, Status


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
    if not moves and all(map(view.done, view.roots)) and (snapshot.hold is Hold.NONE or snapshot.cancel_requested):
        return (Conclude(_conclusion(view)),)
    return moves


def roll_up(snapshot: Snapshot) -> tuple[Status, Conclusion | None]:
    """Status and conclusion of the attempt, from its hold, nodes and jobs alone."""
    view = View(snapshot)
    finished = all(map(view.done, view.roots))
    statuses = [job.status for node in snapshot.nodes for job in node.jobs]
    # A call that waits for its groups has no jobs that could say so.
    statuses += [Status.PENDING for node in snapshot.nodes for leg in node.calls if _waits(view, node, leg)]
    status = states.roll_up_status(snapshot.hold, statuses, finished=finished)
    if status is not Status.COMPLETED:
        return status, None
    return status, Conclusion.STARTUP_FAILURE if snapshot.hold is Hold.STARTUP_FAILURE else _conclusion(view)


def _waits(view: View, node: NodeState, leg: CallLeg) -> bool:
    return leg.gate in (Gate.WANTED, Gate.ASKED) and not view.leg_done(node, leg.index)


def leg_done(snapshot: Snapshot, key: str, leg: int) -> bool:
    """True when everything that one leg of a calling job runs is over."""
    view = View(snapshot)
    return view.leg_done(view.nodes[key], leg)


def _conclusion(view: View) -> Conclusion:
    return states.roll_up_conclusion(map(view.end, view.roots))


def _node(view: View, node: NodeState) -> Iterator[Move]:
    if node.expanded:
        yield from _running(view, node)
    elif view.ready(node) or (view.stopped(node) and view.needs_over(node)):
        yield _begin(view, node)


def _begin(view: View, node: NodeState) -> Move:
    """A node whose needs are over: its legs, or the one job that says why it has none."""
    job, caller = view.job(node), view.caller(node)
    cancelled = view.stopped(node) is not None
    if cancelled and not view.passed(node):
        return _cancelled(view, node)  # what a group keeps from running must not run by being cancelled
    try:
        if not view.holds(node, cancelled=cancelled):
            return _skip(view, node)
        if job.call is not None:
            return enter(node, job, view.contexts(node), caller.name if caller else "")
        return expand(node.key, job, view.contexts(node), caller.name if caller else "")
    except ExpressionError as error:
        message = f"Error when evaluating 'if' for job '{job.id}'. {error.message}"
        reason = {"code": "evaluation_error", "key": "if", "message": message}
    except CannotEvaluate as error:
        reason = {"code": "evaluation_error", "key": error.key, "message": str(error)}
    return _cancelled(view, node) if cancelled else End(node.key, _plain_name(view, node), Conclusion.FAILURE, reason)


def _plain_name(view: View, node: NodeState) -> str:
    caller, name = view.caller(node), plain_name(view.job(node))
    return f"{caller.name} / {name}" if caller else name


def _skip(view: View, node: NodeState) -> Move:
    if view.stopped(node):
        return _cancelled(view, node)
    job = view.job(node)
    blocker = view.blocker(node)
    reason: dict[str, object] = {"code": "condition_false", "expression": job.if_}
    if blocker is not None and (job.if_ == "success()" or job.if_.startswith("success() && ")):
        reason = {"code": "need_failed", "need": view.nodes[blocker].id, "result": view.result(blocker).value}
    return End(node.key, _plain_name(view, node), Conclusion.SKIPPED, reason)


def _cancelled(view: View, node: NodeState) -> End:
    return End(node.key, _plain_name(view, node), Conclusion.CANCELLED, {"code": "cancelled"})


def _dissolve(view: View) -> Iterator[Move]:
    """The end of a held attempt that was cancelled."""
    for node in view.snapshot.nodes:
        if node.expanded:
            yield from _cancel_all(node, {"code": "run_cancelled"})
        else:
            yield _cancelled(view, node)


def _running(view: View, node: NodeState) -> Iterator[Move]:
    """A node with jobs: those to cancel, else those whose turn has come."""
    if view.done(node):
        return
    if node.calls:  # what a calling job runs has nodes of its own
        yield from _ask(view, node)
        return
    stopped = view.stopped(node)
    if stopped is not None and not _goes_on(view, node):
        yield from _cancel_all(node, stopped)
        return
    failed = _first_failure(node)
    if failed is not None and node.fail_fast:
        yield from _cancel_all(node, {"code": "fail_fast", "job": failed.id, "leg": failed.leg})
        return
    if stopped is not None:  # what its environment keeps from running must not run by being cancelled
        yield from _cancel_all(node, stopped, Status.WAITING)
    yield from _release(node)


def _goes_on(view: View, node: NodeState) -> bool:
    """On a cancel GitHub asks each running job's ``if`` again; one that is true, as ``always()``, goes on."""
    try:
        return view.holds(node, cancelled=True)
    except ExpressionError:
        return False


def _first_failure(node: NodeState) -> JobState | None:
    """The leg that makes fail-fast stop the others; one with continue-on-error does not."""
    failed = (job for job in node.jobs if job.conclusion in FAILURES and not job.continue_on_error)
    return min(failed, key=lambda job: job.leg, default=None)


def _cancel_all(node: NodeState, reason: dict[str, object], status: Status | None = None) -> Iterator[Move]:
    """Those that are not over, or only those of one status."""
    for job in node.jobs:
        if job.status is not Status.COMPLETED and not job.cancel_requested and status in (None, job.status):
            yield Cancel(job.id, reason)


def _ask(view: View, node: NodeState) -> Iterator[Move]:
    """The legs of a calling job whose turn has come to ask for their groups."""
    if not view.ready(node):
        return  # it is a leg of a caller that waits itself
    for leg in node.calls:
        if leg.gate is Gate.WANTED and view.has_room(node, leg.index) and not view.leg_stopped(node, leg.index):
            yield AskCall(node.key, leg.index)


def _release(node: NodeState) -> Iterator[Move]:
    """Pending legs go in order of their index, as many as max-parallel has room for; with a group they ask first.
    Waiting ones take no room, and are pending once the rules of their environment are met."""
    waiting = [job for job in node.jobs if job.status is Status.WAITING]
    yield from (Admit(job.id) for job in waiting if job.admitted and not job.cancel_requested)
    pending = sorted((job for job in node.jobs if job.status is Status.PENDING), key=lambda job: job.leg)
    for job in pending:
        if job.gate is Gate.HELD and not job.cancel_requested:
            yield Queue(job.id)
    held = [job for job in pending if job.gate in (Gate.OPEN, Gate.WANTED)]
    if node.max_parallel is not None:
        closed = sum(job.status is Status.COMPLETED for job in node.jobs)
        running = len(node.jobs) - closed - len(held) - len(waiting)
        held = held[: max(node.max_parallel - running, 0)]
    for job in held:
        if not job.cancel_requested:
            yield Queue(job.id) if job.gate is Gate.OPEN else Ask(job.id)
