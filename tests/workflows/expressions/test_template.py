"""Texts with inserts, and conditions."""

from __future__ import annotations

import pytest

from workflows.errors import ExpressionError
from workflows.expressions import condition, evaluate_value, expressions_in, render

_CONTEXTS = {"github": {"ref": "refs/heads/main", "number": 7, "labels": ["a", "b"]}, "nothing": None}
_NOT_CLOSED = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain $ {{ }} }}", "plain $ {{ }} }}"),
        ("on ${{ github.ref }}!", "on refs/heads/main!"),
        ("${{github.number}}${{ nothing }}${{ github.labels }}", "7Array"),
        ("${{ 'a}}''b' }}}", "a}}'b}"),
        ("$${{ true }}", "$true"),
        ("${{\n  github.number\n}}\n", "7\n"),
        ("${{ format('{0}', '${{ 1 }}') }}", "${{ 1 }}"),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert render(text, _CONTEXTS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ github.number }}", 7),
        ("${{ github.labels }}", ["a", "b"]),
        ("${{ nothing }}", None),
        (" ${{ github.number }}", " 7"),
        ("${{ 1 }}${{ 2 }}", "12"),
        ("text", "text"),
    ],
)
def test_evaluate_value(text: str, expected: object) -> None:
    assert evaluate_value(text, _CONTEXTS) == expected


def test_functions_reach_the_inserts() -> None:
    functions = {"hashFiles": lambda *patterns: "-".join(map(str, patterns))}
    assert render("key-${{ hashFiles('a', 'b') }}", {}, functions) == "key-a-b"
    assert evaluate_value("${{ hashFiles('a') }}", {}, functions) == "a"


def test_expressions_are_found_with_their_places() -> None:
    text = "a ${{ x.y }} b ${{'}}'}}"
    found = expressions_in(text)
    assert found == [("x.y", 6), ("'}}'", 18)]
    assert all(text.startswith(expression, offset) for expression, offset in found)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("${{ x", _NOT_CLOSED, 1),
        ("${{ 1 }} ${{ 'x }}", _NOT_CLOSED, 10),
        ("ab ${{ }}", "An expression was expected", 4),
    ],
)
def test_inserts_that_are_none(text: str, message: str, position: int) -> None:
    for read in (expressions_in, lambda text: render(text, {}), lambda text: evaluate_value(text, {}), condition):
        with pytest.raises(ExpressionError) as caught:
            read(text)
        assert (caught.value.kind, str(caught.value), caught.value.position) == ("parsing", message, position)


@pytest.mark.parametrize("count", [100, 100_000])
def test_memory_of_a_template_is_limited(count: int) -> None:
    with pytest.raises(ExpressionError, match="The maximum allowed memory size was exceeded"):
        render("${{ x }}" * count, {"x": "x" * (12_000_000 // count)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "success()"),
        ("", "success()"),
        (" \n", "success()"),
        ("true", "success() && (true)"),
        (" github.ref == 'x'\n", "success() && (github.ref == 'x')"),
        ("${{ github.ref == 'x' }}", "success() && (github.ref == 'x')"),
        ("${{ Failure() || x }}", "Failure() || x"),
        ("!cancelled()", "!cancelled()"),
        ("success('a', 'b')", "success('a', 'b')"),
        ("'always()'", "success() && ('always()')"),
        ("x.always", "success() && (x.always)"),
        ("hashFiles('a') != ''", "success() && (hashFiles('a') != '')"),
        ("false || ${{ always() }}", "format('false || {0}', always())"),
        ("it's {${{ a }}} ${{ b }}\n", "success() && (format('it''s {{{0}}} {1}\n', a, b))"),
    ],
)
def test_condition(text: str | None, expected: str) -> None:
    assert condition(text) == expected


@pytest.mark.parametrize("text", ["a ==", "nosuch()", "${{ a b }}", "x ${{ a b }}", "a) || (b"])
def test_a_condition_that_is_none(text: str) -> None:
    with pytest.raises(ExpressionError):
        condition(text)
