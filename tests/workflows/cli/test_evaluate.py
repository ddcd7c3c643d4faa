"""``python -m workflows evaluate``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflows import conformance
from workflows.cli.evaluate import answers

ROOT = Path(__file__).resolve().parents[3]


def _ask(*questions: object) -> list[dict[str, Any]]:
    return list(answers(question if isinstance(question, str) else json.dumps(question) for question in questions))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"expr": "1 + 1"}, {"err": {"kind": "lexing"}}),
        ({"expr": "(1"}, {"err": {"kind": "parsing"}}),
        ({"expr": "github.ref"}, {"err": {"kind": "parsing"}}),
        ({"expr": "fromJSON('{')"}, {"err": {"kind": "evaluation"}}),
        ({"expr": ""}, {"kind": "Null", "value": None}),
        ({"expr": "1.0"}, {"kind": "Number", "value": 1}),
        ({"expr": "-Infinity"}, {"kind": "Number", "value": "-Infinity"}),
        ({"expr": "x", "contexts": {"X": {"a": [1, 2.5, True, None]}}}, {"kind": "Object"}),
        ({"expr": "x.A[1]", "contexts": {"X": {"a": [1, 2.5]}}}, {"kind": "Number", "value": 2.5}),
        ({"expr": "'é' == 'É'", "contexts": None, "result": 1}, {"kind": "Boolean", "value": True}),
        ("[]", {"err": {"kind": "request", "message": "line 1: a JSON object was expected"}}),
        ({"contexts": {}}, {"err": {"kind": "request"}}),
        ({"expr": "1", "contexts": []}, {"err": {"kind": "request"}}),
        ("{", {"err": {"kind": "request"}}),
        ("[" * 100_000, {"err": {"kind": "request"}}),
    ],
)
def test_an_answer(question: object, answer: dict[str, Any]) -> None:
    [given] = _ask(question)
    for name, value in answer.items():
        if name == "err":
            assert given["err"].items() >= value.items()
        else:
            assert given[name] == value


def test_empty_lines_ask_nothing_and_wrong_ones_stop_nothing() -> None:
    assert [answer.get("value", "wrong") for answer in _ask("", {"expr": "1"}, "x", "  ", {"expr": "2"})] == [
        1,
        "wrong",
        2,
    ]


def test_the_official_cases() -> None:
    cases = [
        case
        for path in conformance.require("expressions", "*.json", 28)
        for group in json.loads(path.read_text(encoding="utf-8")).values()
        for case in group
    ]
    assert len(cases) >= 1020
    for case, answer in zip(cases, _ask(*cases), strict=True):
        if "err" in case:
            assert answer["err"]["kind"] == case["err"]["kind"]
            assert case["err"]["value"] in answer["err"]["message"]
        else:
            assert answer == case["result"]


def test_each_answer_comes_before_the_next_question() -> None:
    command = [sys.executable, "-m", "workflows", "evaluate"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdin is not None
        assert asked.stdout is not None
        for number in range(3):
            asked.stdin.write(json.dumps({"expr": str(number)}) + "\n")
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline()) == {"kind": "Number", "value": number}
        asked.stdin.write("?\n")
        asked.stdin.close()
        assert json.loads(asked.stdout.readline())["err"]["kind"] == "request"
        assert asked.wait() == 2
