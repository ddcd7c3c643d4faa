"""What a node sees of the nodes before it: results, outputs, and the answers of the status functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from workflows import expressions, graph, states
from workflows.decide import call_outputs
from workflows.decide.snapshot import CallLeg, Gate, NodeState, Snapshot
from workflows.model import Job, Workflow
from workflows.states import Conclusion, Status

#: What makes fail-fast stop the other legs.
FAILURES = (Conclusion.FAILURE, Conclusion.TIMED_OUT)


class View:
    """A snapshot, and the questions that are asked of it more than once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.nodes = {node.key: node for node in snapshot.nodes}
        self._ends: dict[str, Conclusion] = {}
        self._done: dict[str, bool] = {}
        self._failed: dict[str, int | None] = {}
        self._open: dict[str, frozenset[int]] = {}
        self._jobs = {job.id: job for job in snapshot.workflow.jobs}
        self._called: dict[str, dict[str, Job]] = {}

    @cached_property
    def _graph(self) -> Mapping[str, tuple[str, ...]]:
        return {key: node.needs for key, node in self.nodes.items()}

    @cached_property
    def _children(self) -> Mapping[tuple[str, int], list[NodeState]]:
        found: dict[tuple[str, int], list[NodeState]] = {}
        for node in self.snapshot.nodes:
            if node.parent is not None:
                found.setdefault((node.parent, node.leg), []).append(node)
        return found

    @cached_property
    def roots(self) -> tuple[NodeState, ...]:
        """The nodes of the file itself."""
        return tuple(node for node in self.snapshot.nodes if node.parent is None)

    def job(self, node: NodeState) -> Job:
        """What the file says of a node, which may be a called file."""
        if node.parent is None:
            return self._jobs[node.key]
        if node.parent not in self._called:
            call = self.job(self.nodes[node.parent]).call
            called = call.workflow if call else None
            self._called[node.parent] = {job.id: job for job in called.jobs} if called else {}
        return self._called[node.parent][node.id]

    def workflow(self, node: NodeState) -> Workflow:
        """The file that a node stands in: the run's, or the called one."""
        if node.parent is None:
            return self.snapshot.workflow
        call = self.job(self.nodes[node.parent]).call
        assert call is not None
        assert call.workflow is not None
        return call.workflow

    def caller(self, node: NodeState) -> CallLeg | None:
        """The leg of the calling job that a node belongs to."""
        return None if node.parent is None else self.nodes[node.parent].calls[node.leg]

    def leg_nodes(self, node: NodeState, leg: int) -> list[NodeState]:
        """The nodes of the workflow that one leg of a calling job runs."""
        return self._children.get((node.key, leg), [])

    def leg_done(self, node: NodeState, leg: int) -> bool:
        """True when everything that the leg runs is over."""
        return all(map(self.done, self.leg_nodes(node, leg)))

    def leg_end(self, node: NodeState, leg: int) -> Conclusion:
        """How all that the leg runs ended together."""
        return states.roll_up_conclusion(map(self.end, self.leg_nodes(node, leg)))

    def done(self, node: NodeState) -> bool:
        """True when the node has its jobs, and all of them, or all that it calls, are over."""
        if node.key not in self._done:
            jobs = node.expanded and all(job.status is Status.COMPLETED for job in node.jobs)
            self._done[node.key] = jobs and all(self.leg_done(node, leg.index) for leg in node.calls)
        return self._done[node.key]

    def ready(self, node: NodeState) -> bool:
        """True when everything that the node needs is over, and the leg that it belongs to may run."""
        return self.needs_over(node) and self._may_run(node)

    def needs_over(self, node: NodeState) -> bool:
        """True when everything that the node needs is over."""
        return all(self.done(self.nodes[need]) for need in node.needs)

    def _may_run(self, node: NodeState) -> bool:
        """False while the leg of the calling job is held back, by max-parallel or by a concurrency group."""
        if node.parent is None:
            return True
        parent = self.nodes[node.parent]
        return self.passed(node) and self.has_room(parent, node.leg) and self._may_run(parent)

    def passed(self, node: NodeState) -> bool:
        """True when every leg that the node belongs to has its concurrency groups."""
        if node.parent is None:
            return True
        parent = self.nodes[node.parent]
        return parent.calls[node.leg].gate in (Gate.OPEN, Gate.HELD) and self.passed(parent)

    def has_room(self, node: NodeState, leg: int) -> bool:
        """False while max-parallel holds back a leg of a calling job: those before it have the room."""
        return node.max_parallel is None or leg in self._with_room(node)

    def _with_room(self, node: NodeState) -> frozenset[int]:
        """The legs of a calling job that may run now: the first that are not over."""
        if node.key not in self._open:
            still = [leg.index for leg in node.calls if not self.leg_done(node, leg.index)]
            self._open[node.key] = frozenset(still[: node.max_parallel])
        return self._open[node.key]

    def end(self, node: NodeState) -> Conclusion:
        """How a node that is done ended: its legs together, those with continue-on-error forgiven."""
        if node.key not in self._ends:
            called = (self.leg_end(node, leg.index) for leg in node.calls)
            own = (
                states.forgiven(job.conclusion, continue_on_error=job.continue_on_error)
                for job in node.jobs
                if job.conclusion is not None
            )
            self._ends[node.key] = states.roll_up_conclusion([*own, *called])
        return self._ends[node.key]

    def result(self, key: str) -> Conclusion:
        """``needs.<key>.result`` of a node that is done."""
        return states.need_result(self.end(self.nodes[key]))

    def outputs(self, node: NodeState) -> dict[str, str]:
        """The outputs of all legs; of two that set the same one the later leg wins, but never with nothing."""
        given = [job.outputs for job in sorted(node.jobs, key=lambda job: job.leg)]
        given += [self._called_outputs(node, leg) for leg in node.calls]
        found: dict[str, str] = {}
        for one in given:
            for name, value in one.items():
                if value or name not in found:
                    found[name] = value
        return found

    def _called_outputs(self, node: NodeState, leg: CallLeg) -> Mapping[str, str]:
        call = self.job(node).call
        if call is None or call.workflow is None:
            return {}
        jobs = {one.id: self._need(one.key) for one in self.leg_nodes(node, leg.index)}
        return call_outputs.outputs(call.workflow, leg, jobs, self.snapshot.contexts)

    def _need(self, key: str) -> dict[str, object]:
        return {"result": self.result(key).value, "outputs": self.outputs(self.nodes[key])}

    def contexts(self, node: NodeState) -> dict[str, object]:
        """What the job's own keys are evaluated with, before it has legs: the run's contexts and ``needs``."""
        needs = {self.nodes[need].id: self._need(need) for need in node.needs}
        caller = self.caller(node)
        inputs = {} if caller is None else {"inputs": caller.inputs}
        return {**self.snapshot.contexts, **inputs, "needs": needs}

    def stopped(self, node: NodeState) -> dict[str, object] | None:
        """Why what the node has not begun does not begin any more: the run, or the leg that calls it, is cancelled."""
        if self.snapshot.cancel_requested:
            return {"code": "run_cancelled"}
        return None if node.parent is None else self.leg_stopped(self.nodes[node.parent], node.leg)

    def leg_stopped(self, node: NodeState, leg: int) -> dict[str, object] | None:
        """The same for one leg of a calling job."""
        cancelled = node.calls[leg].cancelled
        if cancelled is not None:
            return dict(cancelled)
        if node.fail_fast:
            failed = self._failed_leg(node)
            if failed is not None and failed != leg:
                return {"code": "fail_fast", "job": self._failed_job(node, failed), "leg": failed}
        return self.stopped(node)

    def _failed_leg(self, node: NodeState) -> int | None:
        """The first leg of a calling job that is over and failed."""
        if node.key not in self._failed:
            over = (leg.index for leg in node.calls if self.leg_done(node, leg.index))
            failed = (leg for leg in over if self.leg_end(node, leg) is Conclusion.FAILURE)
            self._failed[node.key] = next(failed, None)
        return self._failed[node.key]

    def _failed_job(self, node: NodeState, leg: int) -> int | None:
        jobs = (job for child in self.leg_nodes(node, leg) for job in child.jobs)
        return next((job.id for job in jobs if job.conclusion in FAILURES and not job.continue_on_error), None)

    def holds(self, node: NodeState, *, cancelled: bool) -> bool:
        """Whether the job's ``if`` is true; ExpressionError when it cannot be evaluated."""
        value = expressions.evaluate(self.job(node).if_, self.contexts(node), self._functions(node, cancelled))
        return expressions.truthy(value)

    def blocker(self, node: NodeState) -> str | None:
        """The nearest job before this one that did not succeed: why ``success()`` is false. None: it is true."""
        before = graph.ancestors(self._graph, node.key)
        return next((key for key in before if self.result(key) is not Conclusion.SUCCESS), None)

    def _functions(self, node: NodeState, cancelled: bool) -> Mapping[str, Callable[..., object]]:
        """The status functions of jobs: they look at everything that comes before, not only at direct needs."""
        before = {self.nodes[key].id.lower(): self.result(key) for key in graph.ancestors(self._graph, node.key)}

        def results(names: tuple[object, ...]) -> list[Conclusion]:
            wanted = [expressions.to_text(name).lower() for name in names]
            return [before[name] for name in wanted if name in before] if names else list(before.values())

        return {
            "always": lambda: True,
            "cancelled": lambda: cancelled,
            "success": lambda *names: not cancelled and set(results(names)) <= {Conclusion.SUCCESS},
            "failure": lambda *names: not cancelled and Conclusion.FAILURE in results(names),
        }
