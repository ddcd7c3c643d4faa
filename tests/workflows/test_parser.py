"""The parser: what it says is wrong, as a table; and the model it makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows import parser
from workflows.errors import InvalidWorkflow
from workflows.model import Defaults, DispatchInput, Filter, Job, Position, Step, Strategy, Trigger, Workflow

_PATH = ".forge/workflows/ci.yml"


@pytest.mark.parametrize("case", conformance.table("problems") + conformance.table("problems_of_events"))
def test_problems(case: dict[str, Any]) -> None:
    workflow, problems = parser.read(case["text"], "w.yml")
    assert [str(found).removeprefix("w.yml:") for found in problems] == case["problems"]
    assert (workflow is None) == any(": warning: " not in said for said in case["problems"])


def test_parse_raises_with_every_problem() -> None:
    with pytest.raises(InvalidWorkflow) as caught:
        parser.parse(b"name: {}\non: pusch\n", "w.yml")
    assert [(found.line, found.column) for found in caught.value.problems] == [(1, 1), (1, 7), (2, 5)]
    assert caught.value.problems[2].message == "Unexpected value 'pusch'"
    assert caught.value.problems[2].hint == "Did you mean 'push'?"
    assert "w.yml:2:5: Unexpected value 'pusch'. Did you mean 'push'?" in str(caught.value)


def test_the_whole_model() -> None:
    text = """\
name: CI
run-name: Run of ${{ github.ref }}
on:
  push:
    branches: [main, 'v*']
    tags-ignore: x
    paths: ['**.py']
  workflow_dispatch:
    inputs:
      level: {description: How much, type: choice, options: [low, high], default: low, required: true}
      count: {type: number, default: 3}
      plain:
permissions: read-all
env: {A: 1, B: true, C: 1.50, D: ~, E: 0x10, F: x}
defaults: {run: {shell: bash, working-directory: src}}
jobs:
  build:
    name: Build
    runs-on: [self-hosted, linux]
    permissions: {contents: read}
    env: {G: "${{ secrets.X }}"}
    outputs: {out: "${{ steps.one.outputs.x }}"}
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0, clean: false}
      - id: one
        name: One
        if: github.ref == 'x'
        run: |
          echo one
        env: {H: h}
        shell: sh
        working-directory: sub
        continue-on-error: true
        timeout-minutes: 0.5
      - run: two
  Test:
    needs: [BUILD, build]
    if: ${{ always() }}
    runs-on: ${{ matrix.os }}
    continue-on-error: ${{ matrix.os == 'w' }}
    defaults: {run: {shell: python}}
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix: {os: [l, w], include: [{os: l, extra: 1}]}
"""
    assert parser.parse(text, _PATH) == Workflow(
        path=_PATH,
        name="CI",
        run_name="Run of ${{ github.ref }}",
        on=(
            Trigger(
                "push",
                branches=Filter(("main", "v*")),
                tags=Filter(("x",), ignore=True),
                paths=Filter(("**.py",)),
                position=Position(4, 3),
            ),
            Trigger(
                "workflow_dispatch",
                inputs=(
                    DispatchInput("level", "How much", "choice", True, "low", ("low", "high")),
                    DispatchInput("count", type="number", default="3"),
                    DispatchInput("plain"),
                ),
                position=Position(8, 3),
            ),
        ),
        env={"A": "1", "B": "true", "C": "1.5", "D": "", "E": "16", "F": "x"},
        defaults=Defaults("bash", "src"),
        permissions=_READ_ALL,
        jobs=(
            Job(
                id="build",
                name="Build",
                runs_on=("self-hosted", "linux"),
                permissions={"contents": "read"},
                env={"G": "${{ secrets.X }}"},
                outputs={"out": "${{ steps.one.outputs.x }}"},
                timeout_minutes=5.0,
                steps=(
                    Step(
                        "__actions_checkout",
                        uses="actions/checkout@v4",
                        with_={"fetch-depth": "0", "clean": "false"},
                        position=Position(25, 9),
                    ),
                    Step(
                        "one",
                        name="One",
                        if_="success() && (github.ref == 'x')",
                        run="echo one\n",
                        env={"H": "h"},
                        shell="sh",
                        working_directory="sub",
                        continue_on_error=True,
                        timeout_minutes=0.5,
                        position=Position(27, 9),
                    ),
                    Step("__run", run="two", position=Position(37, 9)),
                ),
                position=Position(17, 3),
            ),
            Job(
                id="Test",
                needs=("build",),
                if_="always()",
                runs_on="${{ matrix.os }}",
                continue_on_error="${{ matrix.os == 'w' }}",
                defaults=Defaults("python"),
                strategy=Strategy({"os": ["l", "w"], "include": [{"os": "l", "extra": 1}]}, False, 2),
                position=Position(38, 3),
            ),
        ),
    )


_READ_ALL = dict.fromkeys(
    [
        "actions",
        "artifact-metadata",
        "attestations",
        "checks",
        "code-quality",
        "contents",
        "deployments",
        "discussions",
        "drives",
        "id-token",
        "issues",
        "models",
        "packages",
        "pages",
        "pull-requests",
        "repository-projects",
        "security-events",
        "statuses",
        "vulnerability-alerts",
    ],
    "read",
)


def test_a_workflow_without_a_name_goes_by_its_path() -> None:
    assert parser.parse("on: push\njobs: {a: {runs-on: x}}\n", _PATH).name == _PATH


def test_on_as_text_and_as_list() -> None:
    for said in ("push", "[push]", "{push: }"):
        workflow = parser.parse(f"on: {said}\njobs: {{a: {{runs-on: x}}}}\n", _PATH)
        assert [trigger.event for trigger in workflow.on] == ["push"]


def test_anchors_repeat_what_they_name() -> None:
    text = "on: push\njobs:\n  a: &a {runs-on: x, steps: [{run: y}]}\n  b: *a\n"
    jobs = parser.parse(text, _PATH).jobs
    assert [job.id for job in jobs] == ["a", "b"]
    assert jobs[0].steps == jobs[1].steps


def test_read_all_is_everything_that_can_be_read() -> None:
    text = "on: push\npermissions: read-all\njobs: {a: {runs-on: x, permissions: {}}, b: {runs-on: x}}\n"
    workflow = parser.parse(text, _PATH)
    assert workflow.permissions is not None
    assert workflow.permissions["contents"] == workflow.permissions["models"] == "read"
    assert workflow.permissions["id-token"] == "read"  # as on GitHub
    assert "copilot-requests" not in workflow.permissions
    assert workflow.jobs[0].permissions == {}
    assert workflow.jobs[1].permissions is None


def test_a_file_full_of_mistakes_is_answered_in_bounds() -> None:
    text = "on: push\njobs: {a: {runs-on: x}}\n" + "".join(f"wrong-{number}: {'x' * 50}\n" for number in range(2_000))
    _, problems = parser.read(text, _PATH)
    assert len(problems) == 501
    assert problems[-1].message == "There are 1500 more problems"


_WORDS = st.sampled_from(
    [
        "on",
        "push",
        "jobs",
        "a",
        "b",
        "runs-on",
        "steps",
        "run",
        "uses",
        "if",
        "needs",
        "env",
        "with",
        "name",
        "x",
        "strategy",
        "matrix",
        "include",
        "exclude",
        "true",
        "1",
        "~",
        "[",
        "]",
        "{",
        "}",
        ":",
        "-",
        "&",
        "*",
        "!",
        "?",
        "|",
        ">",
        "'",
        '"',
        "#",
        "${{",
        "}}",
        "github.ref",
        "&a",
        "*a",
        "<<",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_WORDS, st.sampled_from(("", " ", "\n", "\n  ", "\n    "))), max_size=40))
def test_nothing_but_invalid_workflow_is_ever_raised(pieces: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in pieces)
    workflow, problems = parser.read(text, _PATH)
    assert (workflow is None) == any(found.severity == "error" for found in problems)
    assert list(problems) == sorted(problems, key=lambda found: (found.line, found.column))


_LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "${{ matrix.x }}", "push", "a", ""])
_KEYS = st.sampled_from(
    [
        "on",
        "jobs",
        "push",
        "a",
        "b",
        "runs-on",
        "steps",
        "run",
        "uses",
        "if",
        "needs",
        "env",
        "with",
        "name",
        "strategy",
        "matrix",
        "include",
        "exclude",
        "fail-fast",
        "permissions",
        "defaults",
        "outputs",
        "branches",
        "tags",
        "paths",
        "workflow_dispatch",
        "inputs",
        "timeout-minutes",
    ]
)
_TREES = st.recursive(_LEAVES, lambda node: st.lists(node, max_size=3) | st.dictionaries(_KEYS, node, max_size=4))


@settings(max_examples=300, deadline=None)
@given(_TREES, st.dictionaries(_KEYS, _TREES, max_size=6), _TREES)
def test_any_shape_of_data_is_answered(jobs: object, job: dict[str, object], on: object) -> None:
    for document in ({"on": on, "jobs": jobs}, {"on": "push", "jobs": {"a": job, "b": {"runs-on": "x", **job}}}):
        workflow, problems = parser.read(json.dumps(document), _PATH)
        assert (workflow is None) == any(found.severity == "error" for found in problems)


_HEAD = "on: push\njobs:\n  a:\n    runs-on: x\n"
_LEGS = "a: [1, 2, 3, 4, 5, 6, 7, 8], b: [1, 2, 3, 4, 5, 6, 7, 8], c: [1, 2, 3, 4]"


def _many(line: str, count: int, head: str = _HEAD) -> str:
    """A head and so many lines, ``N`` in each being its number and ``M`` the next."""
    return head + "".join(
        line.replace("N", str(number)).replace("M", str(number + 1)) + "\n" for number in range(count)
    )


#: Files of up to 500 KB, each with many of one thing.
_LARGE = {
    "a chain of jobs": _many("  jM: {runs-on: x, needs: jN}", 7_000, _HEAD + "  j0: {runs-on: x}\n"),
    "a chain backwards": _many("  jN: {runs-on: x, needs: jM}", 7_000),
    "jobs in circles": _many("  jN: {runs-on: x, needs: [jM, jN]}", 4_900),
    "a job with many needs": _HEAD + f"  b: {{runs-on: x, needs: [{'a,' * 49_000}]}}\n",
    "steps without ids": _many("    - run: a", 12_000, _HEAD + "    steps:\n"),
    "steps that wait": _many("    - {id: sN, run: a}", 1_000, _HEAD + "    steps:\n")
    + f"    - {{wait: [{','.join(f's{n}' for n in range(2_000)) * 15}]}}\n",
    "wrong steps": _many("    - rum: a", 12_000, _HEAD + "    steps:\n"),
    "blocks in blocks": _HEAD + "    steps: [" + "{parallel: [" * 20 + "{run: x}" + "]}" * 20 + "]\n",
    "unknown keys": _many("k-N: 1", 24_000),
    "unknown events": f"on: [{','.join(f'pusch{n}' for n in range(40_000))}]\n",
    "patterns": f"on: {{push: {{tags: [{','.join('a*' * 500 + str(n) for n in range(490))}]}}}}\n" + _HEAD[9:],
    "excludes": _HEAD + f"    strategy: {{matrix: {{{_LEGS}, exclude: [{'{a: 2},' * 12_000}]}}}}\n",
    "matrices": _many(
        f"  jN: {{runs-on: x, strategy: {{matrix: {{{_LEGS}, exclude: [{{a: 1}}]}}}}}}", 1_000, _HEAD[:15]
    ),
    "inserts": _HEAD + '    env: {A: "' + "${{ 1 }}" * 50_000 + '"}\n',
    "inserts as keys": _HEAD + "    env: {" + '"${{ insert }}": 1,' * 20_000 + "}\n",
    "a long condition, repeated": _many(
        "  bN: *a", 170, "on: push\njobs:\n  a: &a {runs-on: x, if: '" + "1||" * 6_000 + "1'}\n"
    ),
    "conditions": _many("    - {run: x, if: github.xN}", 8_000, _HEAD + "    steps:\n"),
    "wrong conditions": _many("    - {run: x, if: nobody.xN}", 8_000, _HEAD + "    steps:\n"),
}
_WRONG = {
    "excludes",
    "a chain backwards",
    "jobs in circles",
    "steps that wait",
    "wrong steps",
    "blocks in blocks",
    "unknown keys",
    "unknown events",
    "wrong conditions",
}


@pytest.mark.timeout(90)  # each takes about a second; what is quadratic in any of them takes minutes
@pytest.mark.parametrize("name", _LARGE)
def test_large_files_are_read_in_linear_time(name: str) -> None:
    workflow, problems = parser.read(_LARGE[name], _PATH)
    assert (workflow is None) == bool(problems) == (name in _WRONG), problems[:3]
