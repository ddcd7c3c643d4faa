"""The official cases of the expression language, read where they lie."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workflows.errors import ExpressionError
from workflows.expressions import evaluate, kind, parse

_ROOT = Path(__file__).resolve().parents[3]
_FOLDER = Path(os.environ.get("CONFORMANCE_DIR", _ROOT.parent / "shared" / "conformance")) / "expressions"


def _cases() -> Iterator[Any]:
    for path in sorted(_FOLDER.glob("*.json")):
        for group, cases in _load(path.read_text(encoding="utf-8")).items():
            for number, case in enumerate(cases, 1):
                yield pytest.param(case, id=f"{path.stem}-{group}-{number}")


def _load(text: str) -> Any:
    return json.loads(text, parse_int=float)  # the language knows one kind of number


def test_the_official_cases_are_there() -> None:
    count = sum(1 for _ in _cases())
    if not count and os.environ.get("FORGE_REQUIRE_ALL") != "1":
        pytest.skip(f"no official expression cases in {_FOLDER}")
    assert count > 1000, f"expected over a thousand official cases in {_FOLDER}"


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
