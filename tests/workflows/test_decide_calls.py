"""Decisions about jobs that call a workflow, driven step by step."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.workflows import conformance
from tests.workflows.simulation import Engine
from tests.workflows.test_decide import _words
from workflows import parser
from workflows.decide import Conclude, contexts_for_job, roll_up
from workflows.model import Workflow
from workflows.states import Conclusion, Status

_CONTEXTS: dict[str, object] = {"github": {"ref": "refs/heads/main"}, "vars": {}, "inputs": {}}


def _file(on: Any, jobs: dict[str, Any], **more: Any) -> str:
    whole = {key: job if "uses" in job else {"runs-on": "l", **job} for key, job in jobs.items()}
    return yaml.safe_dump({"on": on, "jobs": whole, **more}, sort_keys=False)


def _workflow(case: dict[str, Any]) -> Workflow:
    called = {
        f"./.github/workflows/{name}.yml": _file(
            {"workflow_call": {key: said[key] for key in ("inputs", "outputs") if key in said}},
            said["jobs"],
            **({"concurrency": said["concurrency"]} if "concurrency" in said else {}),
        )
        for name, said in case.get("called", {}).items()
    }
    workflow, problems = parser.read(_file("push", case["jobs"]), "w.yml", called=parser.Called(called))
    assert workflow is not None, problems
    return workflow


@pytest.mark.parametrize("case", conformance.table("decide_calls"))
def test_steps(case: dict[str, Any]) -> None:
    engine = Engine(_workflow(case), _CONTEXTS)
    for step in case["steps"]:
        for key, conclusion in step.get("ends", {}).items():
            for job in engine.node(key).jobs:
                if job.status is not Status.COMPLETED:
                    outputs = step.get("outputs", {}).get(key, {})
                    engine.move(job.id, Status.COMPLETED, Conclusion(conclusion), **outputs)
        for key, leg in step.get("passes", ()):
            engine.pass_call(key, leg) if engine.node(key).calls else engine.pass_job(engine.node(key).jobs[leg].id)
        for key, leg in step.get("stops", ()):
            engine.stop_call(key, leg)
        if step.get("cancel"):
            engine.cancel()
        moves = engine.settle()
        assert [_words(move, engine.snapshot).replace(" on l", "") for move in moves] == step["moves"]
    assert isinstance(moves[-1], Conclude)
    assert roll_up(engine.snapshot) == (Status.COMPLETED, moves[-1].conclusion)


def test_what_a_job_inside_knows() -> None:
    case = {
        "jobs": {"a": {"uses": "./.github/workflows/c.yml", "with": {"v": 1}}},
        "called": {"c": {"inputs": {"v": {"type": "string"}}, "jobs": {"x": {}, "y": {"needs": "x"}}}},
    }
    engine = Engine(_workflow(case), _CONTEXTS)
    engine.settle()
    [job] = engine.node("a.0/x").jobs
    engine.move(job.id, Status.COMPLETED, Conclusion.SUCCESS, o="1")
    engine.settle()
    [job] = engine.node("a.0/y").jobs
    seen = contexts_for_job(engine.snapshot, "a.0/y", engine.legs[job.id])
    assert seen["inputs"] == {"v": "1"}
    assert seen["needs"] == {"x": {"result": "success", "outputs": {"o": "1"}}}


def test_a_call_that_was_not_resolved_fails() -> None:
    workflow = parser.parse("on: push\njobs: {a: {uses: ./.github/workflows/c.yml}}\n", "w.yml")
    engine = Engine(workflow, _CONTEXTS)
    engine.settle()
    assert engine.ends["a"].reason["message"] == (
        "Error when evaluating 'uses' for job 'a'. The called workflow './.github/workflows/c.yml' is not known"
    )
