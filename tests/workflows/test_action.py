"""Action files, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows import conformance
from workflows import parser
from workflows.action_model import Action, ActionInput, ActionOutput, CompositeRuns, DockerRuns, JavaScriptRuns
from workflows.errors import InvalidWorkflow

_TEXTS = {case.values[0]["name"]: case.values[0]["text"] for case in conformance.table("actions")}


@pytest.mark.parametrize("case", conformance.table("actions"))
def test_problems(case: dict[str, Any]) -> None:
    action, problems = parser.read_action(case["text"], "action.yml")
    said = [str(problem).removeprefix("action.yml:") for problem in problems]
    assert said == case.get("problems", [])
    assert (action is None) == any("warning" not in problem for problem in said)


def _action(name: str) -> Action:
    return parser.parse_action(_TEXTS[name], "a/action.yml")


def test_what_node_runs() -> None:
    action = _action("the three kinds")
    assert (action.name, action.description, action.author) == ("A", "What it does", "somebody")
    assert action.inputs == (
        ActionInput("a", "An input", required=True),
        ActionInput("b", default="${{ github.token }}", deprecation="use a"),
    )
    assert action.outputs == (ActionOutput("c", "An output"),)
    assert action.runs == JavaScriptRuns(
        "node20", "dist/index.js", "dist/pre.js", "runner.os == 'Linux'", "dist/post.js", "success()"
    )


def test_a_container() -> None:
    action = _action("a container")
    assert action.name == "a/action.yml"
    assert action.runs == DockerRuns(
        "Dockerfile", {"C": "${{ inputs.c }}"}, ("a", "${{ inputs.b }}"), "/e", "/p", post_entrypoint="/q"
    )


def test_steps() -> None:
    action = _action("steps")
    assert action.outputs == (ActionOutput("o", value="${{ steps.s.outputs.o }}"),)
    assert isinstance(action.runs, CompositeRuns)
    first, second = action.runs.steps
    assert (first.id, first.run, first.shell, first.working_directory) == ("s", "echo ${{ inputs.a }}", "bash", "x")
    assert (first.if_, second.if_) == ("hashFiles('**') && always()", "success()")
    assert (second.id, second.uses, second.continue_on_error) == ("__self", "./.github/actions/x", True)


def test_every_problem_is_raised() -> None:
    with pytest.raises(InvalidWorkflow) as raised:
        parser.parse_action("runs: {using: docker, main: x}", "action.yml")
    assert len(raised.value.problems) == 2


def test_real_actions() -> None:
    for path in conformance.require("real-workflows/_actions", "*.yml", 10):
        action, problems = parser.read_action(path.read_bytes(), path.name)
        assert action is not None, problems
