"""Called workflows, and what is wrong between them and their callers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.workflows import conformance
from workflows import parser
from workflows.model import Workflow

_ONE = "on: workflow_call\njobs: {x: {runs-on: x}}\n"


@pytest.mark.parametrize("case", conformance.table("calls"))
def test_problems(case: dict[str, Any]) -> None:
    called = parser.Called(case["called"], allowed=case.get("allowed"))
    workflow, problems = parser.read(case["text"], "w.yml", called=called)
    assert list(map(str, problems)) == case.get("problems", [])
    assert (workflow is None) == bool(problems)


def _resolved(text: str, **files: str) -> Workflow:
    named = {f"./.github/workflows/{name}.yml": content for name, content in files.items()}
    workflow, problems = parser.read(text, "w.yml", called=parser.Called(named))
    assert workflow is not None, problems
    return workflow


def test_a_call_holds_what_it_calls() -> None:
    middle = "on: workflow_call\njobs: {y: {uses: ./.github/workflows/b.yml}}\n"
    workflow = _resolved("on: push\njobs: {a: {uses: ./.github/workflows/a.yml}}\n", a=middle, b=_ONE)
    outer = workflow.jobs[0].call
    assert outer is not None
    assert outer.workflow is not None
    inner = outer.workflow.jobs[0].call
    assert inner is not None
    assert inner.workflow is not None
    assert [job.id for job in inner.workflow.jobs] == ["x"]
    assert inner.workflow.path == "./.github/workflows/b.yml"


def test_without_files_calls_are_left_alone() -> None:
    workflow = parser.parse("on: push\njobs: {a: {uses: ./.github/workflows/a.yml}}\n", "w.yml")
    assert workflow.jobs[0].call is not None
    assert workflow.jobs[0].call.workflow is None


def test_as_many_files_as_are_allowed() -> None:
    names = [f"./.github/workflows/f{number}.yml" for number in range(51)]
    jobs = "".join(f"  j{number}: {{uses: {name}}}\n" for number, name in enumerate(names))
    called = parser.Called(dict.fromkeys(names, _ONE))
    _, problems = parser.read(f"on: push\njobs:\n{jobs}", "w.yml", called=called)
    assert list(map(str, problems)) == ["w.yml:53:15: More than 50 different workflows are called"]


def test_calls_that_double_at_every_level_end() -> None:
    names = [f"./.github/workflows/f{number}.yml" for number in range(10)]
    files = {
        name: "on: workflow_call\njobs:\n" + "".join(f"  j{each}: {{uses: {following}}}\n" for each in range(40))
        for name, following in pairwise(names)
    }
    called = parser.Called({**files, names[-1]: _ONE})
    _, problems = parser.read(f"on: push\njobs: {{a: {{uses: {names[1]}}}}}\n", "w.yml", called=called)
    assert any("more than 4096 jobs across all" in str(problem) for problem in problems)
