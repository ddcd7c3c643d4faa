"""Values, beyond what the official cases say."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from workflows.errors import ExpressionError
from workflows.expressions import CaseSensitive, evaluate, kind, parse, to_text, truthy
from workflows.states import Conclusion


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (0, "0"),
        (-0.0, "0"),
        (12_345_678_901, "12345678901"),
        (999_999_999_999_999, "999999999999999"),
        (10**15, "1E+15"),
        (1.5e-7, "1.5E-07"),
        (0.0001, "0.0001"),
        (0.1 + 0.2, "0.3"),
        (10**400, "Infinity"),
        (-inf, "-Infinity"),
        (nan, "NaN"),
        ([1], "Array"),
        ((), "Array"),
        ({}, "Object"),
    ],
)
def test_text_of_a_value(value: object, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize("value", [True, 1, -1.5, inf, "0", "false", " ", [], {}])
def test_truthy(value: object) -> None:
    assert truthy(value)


@pytest.mark.parametrize("value", [None, False, 0, -0.0, nan, ""])
def test_falsy(value: object) -> None:
    assert not truthy(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("o.BAR", 1),  # the first spelling wins
        ("o['baR']", 1),
        ("missing.anything.at.all", None),
        ("missing.*.all", []),
        ("O.list[1]", "b"),
        ("o.list['1']", "b"),
        ("o.list[1.9]", "b"),
        ("o.list[99999999999]", None),
        ("o.rows.*.name", ["x", None]),
        ("o.rows[*][0]", []),
        ("o.tuple[0]", 1),
        ("'STRASSE' == 'straße'", False),
        ("'ſ' == 's'", False),
        ("'ᾳ' == 'ᾼ'", True),
        ("'\U00010428' == '\U00010400'", True),
        ("'\U00010400' < '\ufb00'", True),  # by UTF-16 units, not by code points
        ("'\x1c1' == 1", False),  # white space is .NET's, not Python's
        ("'\u00a01\u3000' == 1", True),
        ("0xFFFFFFFF", -1),
        ("0x7FFFFFFF", 2**31 - 1),
        ("0o37777777777", -1),
        ("'0x100000000' == 4294967296", False),
        ("-infinity == '-INFINITY'", True),
        ("'1e400' == Infinity", True),
        ("1 && 'x' || 'y'", "x"),
        ("o.big == 9007199254740993", True),
        ("o.huge > 1", True),
        ("case(true, 1, fromJSON('broken'))", 1),
        ("format('{0}', 1, fromJSON('broken'))", "1"),
        ("format('{00}{0:}', 'x')", "xx"),
        ("contains(fromJSON('[\"A\"]'), 'a')", True),
        ("contains(o, 'bar')", False),
        ("startsWith(o, '')", False),
        ('fromJSON(\'{"a": 1, "A": 2, "a": 3}\')', {"a": 3}),
        ("toJSON('\u2028é\t')", '"\\u2028é\\t"'),
        ("toJSON(o.rows)", '[\n  {\n    "name": "x"\n  },\n  {\n    "name": null\n  },\n  {}\n]'),
    ],
)
def test_result(text: str, expected: object) -> None:
    rows: list[Any] = [{"name": "x"}, {"name": None}, {}]
    value = {"bar": 1, "Bar": 2, "list": ["a", "b"], "rows": rows, "tuple": (1,), "big": 2**53 + 1, "huge": 10**400}
    result = evaluate(text, {"o": value})
    assert result == expected
    assert type(result) is not bool or type(expected) is bool


def test_keys_of_a_case_sensitive_object_keep_their_case() -> None:
    contexts = {"env": CaseSensitive(Path="a", PATH="b"), "other": {"Path": "a"}}
    assert [evaluate(text, contexts) for text in ("env.PATH", "env.path", "other.path")] == ["b", None, "a"]


def test_words_of_an_enumeration_are_texts() -> None:
    contexts = {"steps": {"a": {"outcome": Conclusion.FAILURE}}}
    assert evaluate("steps.a.outcome == 'Failure' && steps.a.outcome != 'success'", contexts) is True
    assert evaluate("contains(fromJSON('[\"failure\"]'), steps.a.outcome)", contexts) is True


def test_functions_are_given_by_the_caller() -> None:
    seen: list[object] = []

    def hash_files(*patterns: object) -> str:
        seen.extend(patterns)
        return "abc"

    functions = {"hashFiles": hash_files, "always": lambda: True}
    assert evaluate("always() && format('{0}!', HashFiles('**/*.lock', 1))", {}, functions) == "abc!"
    assert seen == ["**/*.lock", 1]


def test_a_function_that_was_allowed_but_not_given() -> None:
    with pytest.raises(ExpressionError, match="Unrecognized function: 'always'") as caught:
        evaluate(parse("always()", None, {"always": (0, 0)}), {})
    assert caught.value.kind == "evaluation"


def test_operands_that_do_not_matter_are_not_evaluated() -> None:
    calls: list[str] = []
    functions = {"note": lambda name: calls.append(str(name)) or name}
    assert evaluate("note('a') || note('b')", {}, functions) == "a"
    assert evaluate("note('') && note('c')", {}, functions) == ""
    assert calls == ["a", ""]


def test_results_are_plain() -> None:
    spread = evaluate("a.*", {"a": (1, 2)})
    assert type(spread) is list
    assert evaluate("b[0]", {"b": spread}) == 1  # and not a filter any more
    assert type(evaluate("a", {"a": (1, 2)})) is list


def test_a_value_that_no_expression_can_hold() -> None:
    with pytest.raises(ExpressionError, match="'bytes'"):
        kind(b"")


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "NaN", "'x'", '{"a" 1}', "[" * 101 + "]" * 101, "[" * 20_000], ids=lambda text: text[:9]
)
def test_what_is_not_json(text: str) -> None:
    with pytest.raises(ExpressionError, match="Error parsing fromJson"):
        evaluate("fromJSON(text)", {"text": text})


_REPEATED = "{0}" * 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"format('{_REPEATED}', format('{_REPEATED}', format('{_REPEATED}', 'aaaaaaaaaa')))", None),
        ("join(value, value[0])", ["x" * 10_000] * 100),
        ("toJSON(value)", ["x" * 10_000] * 100),
        ("fromJSON(value)", "[" + "0," * 100_000 + "0]"),
        ("value" + ".*" * 40, [[0] * 200_000]),
    ],
    ids=["format", "join", "toJSON", "fromJSON", "filter"],
)
def test_memory_is_limited(text: str, value: object) -> None:
    with pytest.raises(ExpressionError, match="The maximum allowed memory size was exceeded") as caught:
        evaluate(text, {"value": value})
    assert caught.value.kind == "evaluation"


def test_an_endless_value_ends() -> None:
    endless: list[object] = []
    endless.extend([endless, endless])
    for text in ("toJSON(value) == ''", "value" + ".*" * 45):
        with pytest.raises(ExpressionError, match="The maximum allowed memory size"):
            evaluate(text, {"value": endless})


def test_memory_is_free_again_once_a_text_is_compared() -> None:
    text = " || ".join(["contains(format('{0}{0}', value), 'y')"] * 20)
    assert evaluate(text, {"value": "x" * 100_000}) is False


def test_a_deep_value_is_written_without_recursion() -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    assert str(evaluate("toJSON(value)", {"value": value})).count("[") == 500
