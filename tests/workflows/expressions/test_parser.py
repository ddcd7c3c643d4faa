"""What may be written, and how what may not is refused."""

from __future__ import annotations

import pytest

from workflows.errors import ExpressionError
from workflows.expressions import functions_used, named_values, parse, uses_function

_EXTRA = {"success": (0, 0), "hashFiles": (1, 255)}


def _refused(text: str, names: list[str] | None = None) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, names, _EXTRA)
    return caught.value


@pytest.mark.parametrize(
    ("text", "kind", "symbol", "position"),
    [
        ("a b", "parsing", "b", 3),
        ("a..b", "parsing", ".", 3),
        ("a.1", "parsing", "1", 3),
        ("'a'.b", "parsing", ".", 4),
        ("'a'[0]", "parsing", "[", 4),
        ("a.b(1)", "parsing", "(", 4),
        ("join(1,)", "parsing", ")", 8),
        ("join(,1)", "parsing", ",", 6),
        ("(1, 2)", "parsing", ",", 3),
        ("a[1)", "parsing", ")", 4),
        ("*", "parsing", "*", 1),
        ("a[* == 1]", "parsing", "==", 5),
        ("1 ! 2", "parsing", "!", 3),
        ("true(1)", "parsing", "(", 5),
        ("'it''s", "lexing", "'it''s", 1),
        ("a-b.c$d", "lexing", "c$d", 5),
        ('"x"', "lexing", '"x"', 1),
        ("1 == 1.2.3", "lexing", "1.2.3", 6),
        ("'😊' == ?", "lexing", "?", 9),  # beyond U+FFFF a character counts twice
    ],
)
def test_the_first_illegal_symbol_is_named(text: str, kind: str, symbol: str, position: int) -> None:
    error = _refused(text)
    assert error.kind == kind
    assert error.position == position
    assert str(error) == f"Unexpected symbol: '{symbol}'. Located at position {position} within expression: {text}"
    assert error.message == str(error)


@pytest.mark.parametrize(
    ("text", "last"), [("(1", "1"), ("join(", "("), ("a.", "."), ("a[*", "*"), ("a ||", "||"), ("!", "!")]
)
def test_the_end_comes_too_early(text: str, last: str) -> None:
    assert str(_refused(text)).startswith(f"Unexpected end of expression: '{last}'. Located at position")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SUCCESS(1)", "Too many parameters supplied: 'SUCCESS'."),
        ("hashFiles()", "Too few parameters supplied: 'hashFiles'."),
        ("failure()", "Unrecognized function: 'failure'."),
        ("secrets.x", "Unrecognized named-value: 'secrets'."),
    ],
)
def test_names_and_counts_are_checked(text: str, message: str) -> None:
    error = _refused(text, ["github"])
    assert error.kind == "parsing"
    assert str(error) == f"{message} Located at position 1 within expression: {text}"


def test_names_ignore_case() -> None:
    node = parse("GitHub.ref && Success() && HASHFILES('a')", ["github"], _EXTRA)
    assert named_values(node) == {"github"}
    assert functions_used(node) == {"success", "hashfiles"}
    assert uses_function(node, ["SUCCESS"])
    assert not uses_function(node, ["always"])


def test_words_that_only_look_like_functions_and_names_are_none() -> None:
    node = parse("'success()' == a.success || a['env.x']", None)
    assert functions_used(node) == frozenset()
    assert named_values(node) == {"a"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000,
        "(" * 50 + "1" + ")" * 50,
        "!" * 20_000 + "1",
        "==".join(["1"] * 7_000),
        "a" + "[0]" * 6_000,
        "1||1&&1==1<(" * 40 + "1" + ")" * 40,
    ],
    ids=["open", "nested", "not", "equal", "index", "mixed"],
)
def test_depth_is_limited(text: str) -> None:
    error = _refused(text)
    assert (error.kind, str(error)) == ("parsing", "Exceeded max expression depth 50")


def test_length_is_limited() -> None:
    assert parse(f"'{'x' * 20_998}'", None)
    assert str(_refused(f"'{'x' * 20_999}'")) == "Exceeded max expression length 21000"
    assert str(_refused(f"'{'😊' * 10_500}'")) == "Exceeded max expression length 21000"


def test_a_tree_is_made_once() -> None:
    assert parse("a.b == 'once'", ["a"]) is parse("a.b == 'once'", ["a"])
    assert parse("a.b == 'once'", ["a"]) is not parse("a.b == 'once'", None)
