"""What a workflow sees of what it is given, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows import inputs
from workflows.errors import InvalidInputs
from workflows.model import Call, CallInput, DispatchInput, Interface

CONTEXTS = {
    "github": {"ref_name": "main"},
    "inputs": {"dry": True},
    "needs": {"a": {"result": "success", "outputs": {"version": "1.0", "count": "7", "dry": "true"}}},
}


def _dispatched(case: dict[str, Any]) -> dict[str, inputs.Value]:
    asked = []
    for name, said in case["dispatch"].items():
        default = said.get("default")
        text = str(default).lower() if isinstance(default, bool) else None if default is None else str(default)
        fields = {**said, "default": text, "options": tuple(said.get("options", ()))}
        asked.append(DispatchInput(name, **fields))
    return inputs.for_dispatch(asked, case["given"])


def _called(case: dict[str, Any]) -> dict[str, inputs.Value]:
    interface = Interface(tuple(CallInput(name, **said) for name, said in case["call"].items()))
    return inputs.for_call(Call("./.github/workflows/x.yml", case["with"]), interface, CONTEXTS)


@pytest.mark.parametrize("case", conformance.table("inputs"))
def test_inputs(case: dict[str, Any]) -> None:
    bind = _dispatched if "dispatch" in case else _called
    if "sees" in case:
        sees = bind(case)
        assert list(sees) == list(case["sees"])  # in the order of the file
        assert sees == case["sees"]
        assert [type(value) for value in sees.values()] == [type(value) for value in case["sees"].values()]
        return
    with pytest.raises(InvalidInputs) as raised:
        bind(case)
    if "says" in case:
        assert list(raised.value.sentences) == case["says"]
    else:
        assert str(raised.value).startswith(case["says_begin"])


def test_a_dispatch_has_limits() -> None:
    asked = [DispatchInput("version")]
    assert inputs.for_dispatch(asked, {"version": "ü" * 65_000})["version"] == "ü" * 65_000
    with pytest.raises(InvalidInputs, match="longer than 65535 characters"):
        inputs.for_dispatch(asked, {"version": "1" * 66_000})
    with pytest.raises(InvalidInputs, match="up to 25 inputs, and 26 are given"):
        inputs.for_dispatch(asked, {str(number): "1" for number in range(26)})


def test_sentences_stay_short() -> None:
    asked = [DispatchInput("n" * 5_000, type="choice", options=tuple(f"{n}" * 1_000 for n in range(100)))]
    for wrong in ({"x" * 5_000: "1"}, {"n" * 5_000: "1" * 5_000}):
        with pytest.raises(InvalidInputs) as raised:
            inputs.for_dispatch(asked, wrong)
        assert len(str(raised.value)) < 4_000


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_TYPES: dict[str, type | tuple[type, ...]] = {"boolean": bool, "number": (int, float)}
_NAMES = st.sampled_from(["a", "A", "b", "ſ", "s", "x y"])


@given(
    kind=st.sampled_from(["string", "boolean", "number", "choice", "environment"]),
    required=st.booleans(),
    default=st.none() | st.text(max_size=5),
    said=st.dictionaries(_NAMES, _ANYTHING, max_size=3),
)
def test_a_dispatch_sees_only_its_types(kind: str, required: bool, default: str | None, said: dict[str, Any]) -> None:
    asked = [DispatchInput("a", type=kind, required=required, default=default, options=("x", "")), DispatchInput("s")]
    try:
        sees = inputs.for_dispatch(asked, said)
    except InvalidInputs:
        return
    assert set(sees) == {"a", "s"}
    assert isinstance(sees["a"], _TYPES.get(kind, str))
    assert isinstance(sees["a"], bool) == (kind == "boolean")


@given(
    kind=st.sampled_from(["string", "boolean", "number"]),
    required=st.booleans(),
    default=st.none() | st.booleans() | st.text(max_size=5),
    said=st.dictionaries(_NAMES, _ANYTHING, max_size=3),
)
def test_a_call_sees_only_its_types(kind: str, required: bool, default: Any, said: dict[str, Any]) -> None:
    interface = Interface((CallInput("a", kind, required=required, default=default),))
    try:
        sees = inputs.bind(interface, said, {})
    except InvalidInputs:
        return
    assert isinstance(sees["a"], _TYPES.get(kind, str))
    assert kind != "number" or math.isfinite(float(sees["a"]))


def test_a_number_without_end_is_refused() -> None:
    interface = Interface((CallInput("a", "number"),))
    for number in (10**400, math.inf, math.nan):
        with pytest.raises(InvalidInputs, match="for the input 'a'"):
            inputs.bind(interface, {"a": number}, {})
    with pytest.raises(InvalidInputs, match="is not a number"):
        inputs.for_dispatch([DispatchInput("a", type="number")], {"a": 10**5_000})
