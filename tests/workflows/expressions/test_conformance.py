"""The official cases of the expression language, read where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflows import conformance
from workflows.errors import ExpressionError
from workflows.expressions import evaluate, kind, parse


def _cases() -> Iterator[Any]:
    for path in conformance.files("expressions", "*.json"):
        for group, cases in _load(path.read_text(encoding="utf-8")).items():
            for number, case in enumerate(cases, 1):
                yield pytest.param(case, id=f"{path.stem}-{group}-{number}")


def _load(text: str) -> Any:
    return json.loads(text, parse_int=float)  # the language knows one kind of number


def test_the_official_cases_are_there() -> None:
    conformance.require("expressions", "*.json", 28)
    assert sum(1 for _ in _cases()) >= 1020


@pytest.mark.parametrize("case", list(_cases()))
def test_official_case(case: dict[str, Any]) -> None:
    contexts = case.get("contexts", {})
    if "err" in case:
        with pytest.raises(ExpressionError) as caught:
            evaluate(parse(case["expr"], contexts), contexts)
        assert caught.value.kind == case["err"]["kind"]
        assert case["err"]["value"] in str(caught.value)
        return
    result = evaluate(parse(case["expr"], contexts), contexts)
    assert kind(result) == case["result"]["kind"]
    assert json.dumps(result) == json.dumps(case["result"]["value"])  # so the order of keys counts
