"""What a node sees of the nodes before it: results, outputs, and the answers of the status functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from workflows import expressions, graph, states
from workflows.decide.snapshot import NodeState, Snapshot
from workflows.model import Job
from workflows.states import Conclusion, Status


class View:
    """A snapshot, and the questions that are asked of it more than once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.nodes = {node.key: node for node in snapshot.nodes}
        self._results: dict[str, Conclusion] = {}

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """The workflow's jobs by key."""
        return {job.id: job for job in self.snapshot.workflow.jobs}

    @cached_property
    def _graph(self) -> Mapping[str, tuple[str, ...]]:
        return {key: node.needs for key, node in self.nodes.items()}

    def ready(self, node: NodeState) -> bool:
        """True when everything that the node needs is over."""
        return all(done(self.nodes[need]) for need in node.needs)

    def result(self, key: str) -> Conclusion:
        """``needs.<key>.result`` of a node that is done."""
        if key not in self._results:
            ends = roll_up_of(self.nodes[key])
            self._results[key] = states.need_result(ends)
        return self._results[key]

    def contexts(self, node: NodeState) -> dict[str, object]:
        """What the job's own keys are evaluated with, before it has legs: the run's contexts and ``needs``."""
        needs = {need: {"result": self.result(need).value, "outputs": outputs(self.nodes[need])} for need in node.needs}
        return {**self.snapshot.contexts, "needs": needs}

    def holds(self, node: NodeState, *, cancelled: bool) -> bool:
        """Whether the job's ``if`` is true; ExpressionError when it cannot be evaluated."""
        value = expressions.evaluate(self.jobs[node.key].if_, self.contexts(node), self._functions(node, cancelled))
        return expressions.truthy(value)

    def blocker(self, node: NodeState) -> str | None:
        """The nearest job before this one that did not succeed: why ``success()`` is false. None: it is true."""
        before = graph.ancestors(self._graph, node.key)
        return next((key for key in before if self.result(key) is not Conclusion.SUCCESS), None)

    def _functions(self, node: NodeState, cancelled: bool) -> Mapping[str, Callable[..., object]]:
        """The status functions of jobs: they look at everything that comes before, not only at direct needs."""
        before = {key.lower(): self.result(key) for key in graph.ancestors(self._graph, node.key)}

        def results(names: tuple[object, ...]) -> list[Conclusion]:
            wanted = [expressions.to_text(name).lower() for name in names]
            return [before[name] for name in wanted if name in before] if names else list(before.values())

        return {
            "always": lambda: True,
            "cancelled": lambda: cancelled,
            "success": lambda *names: not cancelled and set(results(names)) <= {Conclusion.SUCCESS},
            "failure": lambda *names: not cancelled and Conclusion.FAILURE in results(names),
        }


def done(node: NodeState) -> bool:
    """True when the node has its jobs and all of them are over."""
    return node.expanded and all(job.status is Status.COMPLETED for job in node.jobs)


def roll_up_of(node: NodeState) -> Conclusion:
    """How a node ended: its legs together, those with continue-on-error forgiven."""
    ends = (
        states.forgiven(job.conclusion, continue_on_error=job.continue_on_error)
        for job in node.jobs
        if job.conclusion is not None
    )
    return states.roll_up_conclusion(ends)


def outputs(node: NodeState) -> dict[str, str]:
    """The outputs of all legs; of two that set the same one the later leg wins, but never with nothing."""
    found: dict[str, str] = {}
    for job in sorted(node.jobs, key=lambda job: job.leg):
        for name, value in job.outputs.items():
            if value or name not in found:
                found[name] = value
    return found
