"""Whatever is written, nothing but an ExpressionError comes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.errors import ExpressionError
from workflows.expressions import condition, evaluate, evaluate_value, expressions_in, kind, parse, render, to_text

_CONTEXTS = {
    "a": {"b": [1, {"c": "x", "C": None}, []], "text": '{"n": [1, 2]}', "": True},
    "b": [["0", 1.5], [None, False]],
    "c": "{0}{{{1}",
}
_FUNCTIONS = {"success": lambda *_: True, "hashFiles": lambda *_: "hash"}
_PIECES = (
    "a b c .b .* [*] [0] ['c'] [ ] ( ) , ! == != < <= > >= && || true false null NaN -Infinity 1 .5 -0x1f 0o7 1e9 "
    "'' 'x' '{0}' '{' '[1,{}]' ' contains( startsWith( endsWith( format( join( toJSON( fromJSON( case( success() "
    "hashFiles( ${{ }} é İ ß 😊 \x00 \ud800 \n"
)

_written = st.lists(st.sampled_from([*_PIECES.split(" "), " "]), max_size=30).map("".join) | st.text(max_size=60)
_quick = settings(max_examples=400, derandomize=True, deadline=None, database=None)


def _survives(act: Callable[[], object]) -> None:
    with suppress(ExpressionError):
        act()


@_quick
@given(_written)
def test_nothing_else_is_raised(text: str) -> None:
    _survives(lambda: parse(text, ["a", "b"], {"success": (0, 0)}))
    _survives(lambda: kind(evaluate(text, _CONTEXTS, _FUNCTIONS)))
    _survives(lambda: condition(text))
    _survives(lambda: render(f"{text}${{{{ {text} }}}}", _CONTEXTS, _FUNCTIONS))
    _survives(lambda: evaluate_value(f"${{{{{text}}}}}", _CONTEXTS, _FUNCTIONS))
    _survives(lambda: [text[offset:].index(found) for found, offset in expressions_in(text)])


@_quick
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_a_text_comes_back_through_quotes_json_and_format(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert evaluate(quoted, {}) == text
    assert evaluate("fromJSON(toJSON(x))", {"x": text}) == text
    assert evaluate(f"format({quoted.replace('{', '{{').replace('}', '}}')})", {}) == text


@_quick
@given(st.floats(allow_nan=False, min_value=-1e300, max_value=1e300) | st.just(nan) | st.just(inf))
def test_a_number_comes_back_with_fifteen_digits(number: float) -> None:
    written = to_text(number)
    again = evaluate(written, {})
    assert isinstance(again, float)
    assert to_text(again) == written
