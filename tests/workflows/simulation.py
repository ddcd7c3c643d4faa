"""An engine in memory: it applies moves as the server does, so that decisions can be driven to the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workflows.decide import (
    Admit,
    Ask,
    AskCall,
    Cancel,
    Conclude,
    End,
    Enter,
    Expand,
    Gate,
    JobState,
    Leg,
    Move,
    NodeState,
    Queue,
    Snapshot,
    decide,
)
from workflows.model import Workflow
from workflows.states import Conclusion, Status, may_move


class Engine:
    """One attempt."""

    def __init__(self, workflow: Workflow, contexts: Mapping[str, object] | None = None) -> None:
        nodes = tuple(NodeState(job.id, job.needs) for job in workflow.jobs)
        self.snapshot = Snapshot(workflow, nodes, contexts=contexts or {})
        self.conclusion: Conclusion | None = None
        self.ends: dict[str, End] = {}
        self.legs: dict[int, Leg] = {}
        self._next = 1

    def settle(self) -> list[Move]:
        """Apply moves until there are none; all that were made."""
        made: list[Move] = []
        for _ in range(1_000):
            moves = decide(self.snapshot)
            assert moves == decide(self.snapshot)
            if not moves:
                return made
            for move in moves:
                self._apply(move)
            made.extend(moves)
        raise AssertionError("the decisions never come to rest")

    def jobs(self) -> list[tuple[str, JobState]]:
        """Every job with its key."""
        return [(node.key, job) for node in self.snapshot.nodes for job in node.jobs]

    def node(self, key: str) -> NodeState:
        """A node by its key."""
        return next(node for node in self.snapshot.nodes if node.key == key)

    def cancel(self) -> None:
        """Somebody cancels the run."""
        self.snapshot = replace(self.snapshot, cancel_requested=True)

    def move(self, job: int, status: Status, conclusion: Conclusion | None = None, **outputs: str) -> None:
        """What a runner reports of a job."""
        self._change(job, status=status, conclusion=conclusion, outputs=outputs)

    def pass_job(self, job: int) -> None:
        """A job has its groups now."""
        self._change(job, gate=Gate.HELD)

    def pass_call(self, key: str, leg: int, gate: Gate = Gate.HELD) -> None:
        """The same for a leg of a calling job."""
        calls = tuple(replace(one, gate=gate) if one.index == leg else one for one in self.node(key).calls)
        self._node(key, calls=calls)

    def stop_call(self, key: str, leg: int) -> None:
        """All of a leg of a calling job is to stop."""
        reason = {"code": "superseded"}
        calls = tuple(replace(one, cancelled=reason) if one.index == leg else one for one in self.node(key).calls)
        self._node(key, calls=calls)

    def _apply(self, move: Move) -> None:
        assert self.conclusion is None
        match move:
            case Expand():
                self._expand(move)
            case Enter(key, legs, nodes, fail_fast, max_parallel):
                limits = {"fail_fast": fail_fast, "max_parallel": max_parallel}
                self._node(key, expanded=True, calls=legs, **limits)
                self.snapshot = replace(self.snapshot, nodes=self.snapshot.nodes + nodes)
            case End(key, _, conclusion, _):
                self.ends[key] = move
                self._node(key, expanded=True, jobs=(self._job(0, Status.COMPLETED, conclusion),))
            case Admit(job):
                self._change(job, status=Status.PENDING)
            case Queue(job):
                self._change(job, status=Status.QUEUED)
            case Ask(job):
                self._change(job, gate=Gate.ASKED)
            case AskCall(key, leg):
                self.pass_call(key, leg, Gate.ASKED)
            case Cancel(job, _):
                status = next(found.status for _, found in self.jobs() if found.id == job)
                if status is Status.IN_PROGRESS:
                    self._change(job, cancel_requested=True)
                else:
                    self._change(job, status=Status.COMPLETED, conclusion=Conclusion.CANCELLED)
            case Conclude(conclusion):
                self.conclusion = conclusion
                self.snapshot = replace(self.snapshot, completed=True)

    def _expand(self, move: Expand) -> None:
        room = len(move.legs) if move.max_parallel is None else move.max_parallel
        jobs = []
        for leg in move.legs:
            status = Status.QUEUED if leg.index < room and not leg.groups else Status.PENDING
            gate = Gate.WANTED if leg.groups else Gate.OPEN
            job = replace(self._job(leg.index, status), continue_on_error=leg.continue_on_error, gate=gate)
            self.legs[job.id] = leg
            jobs.append(job)
        limits = {"fail_fast": move.fail_fast, "max_parallel": move.max_parallel}
        self._node(move.key, expanded=True, jobs=tuple(jobs), **limits)

    def _job(self, leg: int, status: Status, conclusion: Conclusion | None = None) -> JobState:
        self._next += 1
        return JobState(self._next - 1, leg, status, conclusion)

    def _node(self, key: str, **changes: object) -> None:
        nodes = tuple(replace(node, **changes) if node.key == key else node for node in self.snapshot.nodes)  # type: ignore[arg-type]
        self.snapshot = replace(self.snapshot, nodes=nodes)

    def _change(self, job: int, **changes: object) -> None:
        for node in self.snapshot.nodes:
            for found in node.jobs:
                if found.id == job:
                    assert "status" not in changes or may_move(found.status, changes["status"])  # type: ignore[arg-type]
                    jobs = tuple(replace(one, **changes) if one.id == job else one for one in node.jobs)  # type: ignore[arg-type]
                    self._node(node.key, jobs=jobs)
                    return
        raise AssertionError(f"no job {job}")
