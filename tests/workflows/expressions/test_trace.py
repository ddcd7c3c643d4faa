"""An evaluation that tells what it does comes to the same, and tells it as GitHub's runner does."""

from __future__ import annotations

import json
from typing import Any

from tests.workflows import conformance
from workflows.errors import ExpressionError
from workflows.expressions import as_expression, evaluate, evaluate_traced, parse

CONTEXTS: dict[str, Any] = {"github": {"ref_name": "main", "event": {"a": [{"b": 1}, {"b": 2}]}}}
FUNCTIONS = {"success": lambda *_: True, "failure": lambda *_: False, "hashFiles": lambda *_: ""}


def told(expression: str) -> list[str]:
    lines: list[str] = []
    evaluate_traced(expression, CONTEXTS, FUNCTIONS, lines.append)
    return lines


def test_the_official_cases_come_to_the_same() -> None:
    seen = 0
    for path in conformance.files("expressions", "*.json"):
        for cases in json.loads(path.read_text(encoding="utf-8"), parse_int=float).values():
            for case in cases:
                if "err" not in case and case["expr"].strip():
                    contexts, lines = case.get("contexts", {}), list[str]()
                    plain = evaluate(parse(case["expr"], contexts), contexts)
                    traced = evaluate_traced(case["expr"], contexts, None, lines.append)
                    assert json.dumps(traced) == json.dumps(plain), case["expr"]
                    assert lines[-1].startswith("Result: ")
                    seen += 1
    assert seen > 900 or seen == 0


def test_a_status_function_is_not_expanded() -> None:
    assert told("success()") == ["Evaluating: success()", "Evaluating success:", "=> true", "Result: true"]


def test_a_condition() -> None:
    assert told("success() && github.ref_name == 'it''s'") == [
        "Evaluating: (success() && (github.ref_name == 'it''s'))",
        "Evaluating And:",
        "..Evaluating success:",
        "..=> true",
        "..Evaluating Equal:",
        "....Evaluating Index:",
        "......Evaluating github:",
        "......=> Object",
        "......Evaluating String:",
        "......=> 'ref_name'",
        "....=> 'main'",
        "....Evaluating String:",
        "....=> 'it''s'",
        "..=> false",
        "=> false",
        "Expanded: (true && ('main' == 'it''s'))",
        "Result: false",
    ]


def test_what_is_not_looked_at_stays_as_written() -> None:
    lines = told("failure() && github['x y'] || contains(github.event.a.*.b, 2) || hashFiles('a')[0] != !null")
    assert lines[-2:] == [
        "Expanded: ((false && github['x y']) || contains(Array, 2) || (hashFiles('a')[0] != !null))",
        "Result: true",
    ]


def test_a_text_with_inserts_is_one_call_of_format() -> None:
    expression = as_expression("a {${{ github.ref_name }}} ${{ 1 }}")
    assert expression is not None
    lines = told(expression)
    assert lines[0] == "Evaluating: format('a {{{0}}} {1}', github.ref_name, 1)"
    assert lines[-1] == "Result: 'a {main} 1'"
    assert as_expression("plain") is None


def test_what_was_told_before_an_error_stays() -> None:
    lines: list[str] = []
    try:
        evaluate_traced("fromJSON('{')", {}, None, lines.append)
    except ExpressionError:
        lines.append("error")
    assert lines == [
        "Evaluating: fromJSON('{')",
        "Evaluating fromJSON:",
        "..Evaluating String:",
        "..=> '{'",
        "error",
    ]
