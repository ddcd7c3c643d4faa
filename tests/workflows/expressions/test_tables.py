"""Mappings of which keys, values or the whole are expressions."""

from __future__ import annotations

from functools import partial

import pytest

from workflows.errors import ExpressionError
from workflows.expressions import evaluate_value, lay_out

VALUE = partial(evaluate_value, contexts={"vars": {"a": "1", "n": 2, "none": None, "list": []}, "more": {"b": True}})


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, {}),
        ({"x": "a ${{ vars.a }}", "y": "${{ vars.none }}"}, {"x": "a 1", "y": ""}),
        ("${{ more }}", {"b": "true"}),
        ({"z": "0", "${{ insert }}": "${{ more }}", "${{ insert  }}": "${{ fromJSON('{\"c\": 2}') }}"}, None),
        ({"${{ vars.a }}_${{ vars.n }}": "v"}, {"1_2": "v"}),
    ],
)
def test_laid_out(given: dict[str, str] | str, made: dict[str, str] | None) -> None:
    assert lay_out(given, VALUE) == (made if made is not None else {"z": "0", "b": "true", "c": "2"})


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("${{ vars.a }}", "Unexpected value '1'; a mapping was expected"),
        ({"${{ insert }}": "${{ vars.list }}"}, "a mapping was expected"),
        ({"x": "${{ vars.list }}"}, "x: A sequence was not expected"),
        ({"x": "${{ vars }}"}, "x: A mapping was not expected"),
        ({"B": "1", "${{ insert }}": "${{ more }}"}, "'b' is already defined"),
    ],
)
def test_what_makes_no_mapping_of_texts(given: dict[str, str] | str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        lay_out(given, VALUE)
    assert problem in caught.value.message
