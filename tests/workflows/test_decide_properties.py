"""Random workflows with random results, driven to their end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.simulation import Engine
from workflows import graph, states
from workflows.decide import Expand, roll_up
from workflows.decide.needs import View
from workflows.model import Job, Strategy, Workflow
from workflows.states import Conclusion, Status

_CONDITIONS = (
    "success()",
    "always()",
    "failure()",
    "cancelled()",
    "!cancelled()",
    "success() && (github.ref == 'refs/heads/main')",
    "success() && (github.ref == 'refs/heads/other')",
    "success() && (fromJSON('{'))",
)
_RESULTS = (Conclusion.SUCCESS, Conclusion.SUCCESS, Conclusion.FAILURE, Conclusion.CANCELLED, Conclusion.TIMED_OUT)


@st.composite
def _workflows(draw: st.DrawFn) -> Workflow:
    jobs: list[Job] = []
    for number in range(draw(st.integers(1, 6))):
        earlier = [job.id for job in jobs]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        legs = draw(st.integers(0, 4))
        strategy = Strategy(
            matrix={"n": list(range(legs))} if legs else None,
            fail_fast=draw(st.booleans()),
            max_parallel=draw(st.sampled_from((None, 1, 2))),
        )
        jobs.append(
            Job(
                id=f"j{number}",
                needs=tuple(needs),
                if_=draw(st.sampled_from(_CONDITIONS)),
                runs_on=(draw(st.sampled_from(("linux", "${{ vars.none }}", "linux", "linux"))),),
                continue_on_error=draw(st.booleans()),
                strategy=strategy,
            )
        )
    return Workflow(path="w.yml", name="w", jobs=tuple(draw(st.permutations(jobs))))


@settings(max_examples=300, deadline=None)
@given(_workflows(), st.data())
def test_every_run_comes_to_its_end(workflow: Workflow, data: st.DataObject) -> None:
    engine = Engine(workflow, {"github": {"ref": "refs/heads/main"}, "vars": {}, "inputs": {}})
    before = {job.id: graph.ancestors({one.id: one.needs for one in workflow.jobs}, job.id) for job in workflow.jobs}
    cancel_at = data.draw(st.none() | st.integers(0, 8))
    for turn in range(200):
        if turn == cancel_at:
            engine.cancel()
        _settle(engine, before)
        if engine.conclusion is not None:
            break
        running = [job for _, job in engine.jobs() if job.status in (Status.QUEUED, Status.IN_PROGRESS)]
        assert running, "nothing runs and nothing is decided"
        job = data.draw(st.sampled_from(running))
        if job.status is Status.QUEUED:
            engine.move(job.id, Status.IN_PROGRESS)
        else:
            result = data.draw(st.sampled_from((Conclusion.CANCELLED, *_RESULTS) if job.cancel_requested else _RESULTS))
            engine.move(job.id, Status.COMPLETED, result)
    assert engine.conclusion is not None
    assert (Status.COMPLETED, engine.conclusion) == roll_up(engine.snapshot)
    assert engine.conclusion is states.roll_up_conclusion(map(View(engine.snapshot).end, engine.snapshot.nodes))
    assert all(job.status is Status.COMPLETED for _, job in engine.jobs())


def _settle(engine: Engine, before: dict[str, tuple[str, ...]]) -> None:
    """Apply what is decided, holding each move against what must be true of it."""
    for move in engine.settle():
        if isinstance(move, Expand):
            job = engine.snapshot.workflow.job(move.key)
            for need in job.needs:
                assert all(found.status is Status.COMPLETED for found in engine.node(need).jobs)
            results = {View(engine.snapshot).result(key) for key in before[move.key]}
            if job.if_ == "success()":
                assert results <= {Conclusion.SUCCESS}
                assert not engine.snapshot.cancel_requested
    for node in engine.snapshot.nodes:
        open_ = [job for job in node.jobs if job.status in (Status.QUEUED, Status.IN_PROGRESS)]
        assert node.max_parallel is None or len(open_) <= node.max_parallel
        status, conclusion = roll_up(engine.snapshot)
        assert states.concludes(status, conclusion)
