"""What is fuzzed: each takes bytes and returns, whatever they are; anything that comes out is a finding.

``seeds`` are inputs to start from, ``words`` what input is made of.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from tests.workflows.fuzz.inputs import (
    ACTION,
    ACTION_WORDS,
    CRON_WORDS,
    DOCKER,
    EXPRESSION_WORDS,
    JSON_WORDS,
    PATTERN_WORDS,
    WORKFLOW,
    WORKFLOW_WORDS,
    YAML_WORDS,
)
from workflows import cron, lint, matrix, parser, patterns, source
from workflows.errors import WorkflowError
from workflows.expressions import condition, evaluate, evaluate_value, expressions_in, kind, parse, render

_SUMMER, _WINTER = datetime(2024, 2, 28, 23, 59, tzinfo=UTC), datetime(2024, 11, 1, tzinfo=UTC)
_PATH = ".github/workflows/fuzz.yml"
_CONTEXTS = {
    "a": {"b": [1, {"c": "x", "C": None}, []], "text": '{"n": [1, 2]}', "": True},
    "b": [["0", 1.5], [None, False]],
    "c": "{0}{{{1}",
}
_FUNCTIONS = {"success": lambda *_: True, "hashFiles": lambda *_: "hash"}


@dataclass(frozen=True)
class Target:
    """One thing that reads what others wrote."""

    run: Callable[[bytes], None]
    seeds: tuple[str, ...]
    words: tuple[str, ...]


def _expression(data: bytes) -> None:
    text = _text(data)
    for act in (
        lambda: parse(text, ["a", "b"], {"success": (0, 0)}),
        lambda: kind(evaluate(text, _CONTEXTS, _FUNCTIONS)),
        lambda: condition(text),
        lambda: render(f"{text}${{{{ {text} }}}}", _CONTEXTS, _FUNCTIONS),
        lambda: evaluate_value(f"${{{{{text}}}}}", _CONTEXTS, _FUNCTIONS),
        lambda: [text[offset:].index(found) for found, offset in expressions_in(text)],
    ):
        _refuses(act)


def _source(data: bytes) -> None:
    for form in (data, _text(data)):
        root, problems = source.load(form, _PATH)
        assert (root is None) <= bool(problems), "nothing was read and nothing is wrong"


def _workflow(data: bytes) -> None:
    workflow, problems = parser.read(data, _PATH)
    assert (workflow is None) == any(problem.severity == "error" for problem in problems)
    _refuses(lambda: parser.parse(data, _PATH))


def _action(data: bytes) -> None:
    action, problems = parser.read_action(data, "action.yml")
    assert (action is None) == any(problem.severity == "error" for problem in problems)


def _call(data: bytes) -> None:
    caller, _, other = data.partition(b"\n---\n")
    called = parser.Called({"./.github/workflows/b.yml": other, _PATH: caller, "a/b/.github/workflows/c.yml@v1": other})
    parser.read(caller, _PATH, called=called)


def _lint(data: bytes) -> None:
    for action in (False, True):
        lint.lint(data, "action.yml" if action else _PATH, action=action)


def _cron(data: bytes) -> None:
    _refuses(lambda: list(islice(cron.parse(_text(data)).due_between(_SUMMER, _WINTER), 5)))


def _pattern(data: bytes) -> None:
    pattern, _, name = _text(data).partition("\n")
    _refuses(lambda: patterns.check(pattern))
    _refuses(lambda: patterns.matches_any([pattern, f"!{pattern}"], [name, pattern]))


def _matrix(data: bytes) -> None:
    try:
        value = json.loads(_text(data))
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        _refuses(lambda: [matrix.display_name("job", one.segments) for one in matrix.expand(value)])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _refuses(act: Callable[[], object]) -> None:
    try:
        act()
    except WorkflowError:
        pass  # how the package says no


TARGETS: dict[str, Target] = {
    "expression": Target(
        _expression,
        ("a.b[0] == 'x' && contains(b, 1)", "${{ format('{0}', toJSON(a)) }}", "case(true, 1, 2)"),
        EXPRESSION_WORDS,
    ),
    "source": Target(_source, ("a: &x [1, 'b']\nc: *x\n", WORKFLOW), YAML_WORDS),
    "workflow": Target(_workflow, (WORKFLOW,), WORKFLOW_WORDS),
    "action": Target(_action, (ACTION, DOCKER), ACTION_WORDS),
    "call": Target(_call, (f"{WORKFLOW}---\n{WORKFLOW}",), (*WORKFLOW_WORDS, "\n---\n")),
    "lint": Target(_lint, (WORKFLOW, ACTION), (*WORKFLOW_WORDS, *ACTION_WORDS)),
    "cron": Target(_cron, ("*/15 0-5 1,15 * MON-FRI", "0 0 29 2 *"), CRON_WORDS),
    "pattern": Target(_pattern, ("releases/**/[a-c]?*\nreleases/1/ax", "!**.md\na.md"), PATTERN_WORDS),
    "matrix": Target(
        _matrix,
        ('{"a": [1, 2], "b": ["x"], "include": [{"a": 1, "c": 3}], "exclude": [{"b": "X"}]}',),
        JSON_WORDS,
    ),
}
