"""Dispatch: what it takes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from forge.actions import dispatch, trigger
from forge.actions.models import Run, Workflow
from forge.errors import Invalid
from tests.engine import CI, FakeRunner, Project, state
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = """
name: Release
on:
  workflow_dispatch:
    inputs:
      version: {required: true}
      level: {type: choice, options: [low, high], default: low}
      dry: {type: boolean, default: false}
      count: {type: number, default: 3}
jobs:
  build:
    name: Release ${{ inputs.version }} ${{ inputs.count }}
    if: ${{ !inputs.dry }}
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ inputs.version }}
"""


@pytest.fixture
def project() -> Project:
    made = Project.new()
    trigger.expand(made.push({CI: TEXT}).pk)
    return made


def start(project: Project, ref: str = "main", **inputs: Any) -> Run:
    return dispatch.dispatch(project.account, project.repository, Workflow.objects.get(), ref, inputs)


def test_a_dispatch_starts_one_run_with_typed_inputs(project: Project) -> None:
    run = start(project, version="1.0")
    assert (run.event_name, run.title, run.head_branch) == ("workflow_dispatch", "Release", "main")
    assert run.event.payload["inputs"] == {"version": "1.0", "level": "low", "dry": "false", "count": "3"}
    work = FakeRunner.new("ubuntu-latest").take()
    assert work.assignment.job_name == "Release 1.0 3"
    assert work.assignment.contexts["inputs"] == {"version": "1.0", "level": "low", "dry": False, "count": 3}
    work.finish()
    assert state(run) == ("completed", "success")


def test_a_boolean_input_is_a_boolean(project: Project) -> None:
    assert state(start(project, version="1", dry="true")) == ("completed", "skipped")


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "Required input 'version' not provided"),
        ({"version": "1", "x": 1}, 'Unexpected inputs provided: ["x"]'),
        ({"version": "1", "level": "middle"}, "not in the list"),
        ({"version": "1", "dry": "perhaps"}, "not a boolean"),
        ({"version": "1", "count": "many"}, "not a number"),
        ({"version": ["1"]}, "must be a string"),
        ({"version": "1" * 70_000}, "longer than"),
        ({str(number): 1 for number in range(26)}, "up to 25"),
    ],
)
def test_wrong_inputs_are_refused(project: Project, inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says.replace("[", r"\[").replace("]", r"\]")):
        start(project, **inputs)
    assert Run.objects.count() == 0


def test_an_unknown_ref_is_refused(project: Project) -> None:
    for ref in ("nowhere", "", project.pushed["refs/heads/main"]):
        with pytest.raises(Invalid, match="No ref found for"):
            start(project, ref, version="1")


def test_text_that_no_database_keeps_is_replaced(project: Project) -> None:
    run = start(project, version="a\0b\ud800")
    assert run.contexts["inputs"]["version"] == "a\ufffdb\ufffd"


def test_a_file_without_the_trigger_is_refused(project: Project) -> None:
    trigger.expand(project.push({CI: ONE}).pk)
    with pytest.raises(Invalid, match="does not have 'workflow_dispatch'"):
        start(project)
