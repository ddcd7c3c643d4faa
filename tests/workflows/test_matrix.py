"""One job to its combinations."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows.errors import InvalidMatrix
from workflows.matrix import MOST_COMBINATIONS, display_name, expand


@pytest.mark.parametrize("case", conformance.table("matrix"))
def test_combinations(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(InvalidMatrix) as caught:
            expand(case["matrix"])
        assert str(caught.value) == case["error"]
        return
    found = expand(case["matrix"])
    assert [(display_name("j", one.segments), one.values) for one in found] == list(case["legs"].items())


def test_the_most_there_may_be() -> None:
    assert len(expand({"a": list(range(16)), "b": list(range(16))})) == MOST_COMBINATIONS
    for matrix in ({"a": list(range(16)), "b": list(range(17))}, {letter: list(range(100)) for letter in "abcdefgh"}):
        with pytest.raises(InvalidMatrix, match="at most 256 are allowed"):
            expand(matrix)


def test_filters_without_end_are_refused() -> None:
    with pytest.raises(InvalidMatrix, match="too many include and exclude filters"):
        expand({"a": list(range(256)), "exclude": [{"a": -1}] * 30_000})


def test_a_long_name_is_cut() -> None:
    name = display_name("job", ["x" * 200])
    assert len(name) == 100
    assert name.endswith("x...")


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("abc"), st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True), min_size=1
    )
)
def test_a_plain_matrix_is_the_product(vectors: dict[str, list[int]]) -> None:
    found = expand(vectors)
    assert len(found) == math.prod(map(len, vectors.values()))
    assert len({tuple(one.values.items()) for one in found}) == len(found)
    assert [list(one.values) for one in found] == [list(vectors)] * len(found)
