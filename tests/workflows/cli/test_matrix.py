"""``python -m workflows matrix``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workflows.cli import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("strategy", "legs"),
    [
        ({"matrix": {"b": [1, 2.5], "a": ["x"]}}, [{"b": 1, "a": "x"}, {"b": 2.5, "a": "x"}]),
        ({"matrix": {"a": [1, 2], "exclude": [{"a": 1}], "include": [{"a": 3}]}}, [{"a": 2}, {"a": 3}]),
        ({"matrix": {"a": "${{ fromJSON('[true, null]') }}"}, "fail-fast": False}, [{"a": True}, {"a": None}]),
        ({"max-parallel": 2}, [{}]),
        ({}, [{}]),
    ],
)
def test_legs(strategy: object, legs: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", json.dumps(strategy)]) == 0
    assert json.loads(capsys.readouterr().out) == legs


def test_names_and_contexts(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["matrix", "--names", '{"matrix": "${{ fromJSON(needs.a.outputs.b) }}"}']
    assert main([*asked, "--contexts", '{"needs": {"a": {"outputs": {"b": "{\\"os\\": [\\"x\\"]}"}}}}']) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "job (x)", "matrix": {"os": "x"}}]


@pytest.mark.parametrize(
    ("strategy", "status", "message"),
    [
        ("{", 2, "strategy: this is no JSON"),
        ("[]", 2, "strategy: a JSON object was expected"),
        ('{"matrix": {"a": []}}', 1, "Matrix vector 'a' does not contain any values"),
        ('{"matrix": 1}', 1, "a mapping was expected"),
        ('{"matrix": {"a": "${{ x }}"}}', 1, "Matrix vector 'a' is not a list"),
        ('{"matrix": {"a": ["${{ 1 + }}"]}}', 1, "Unexpected symbol"),
        ('{"vectors": {}}', 1, "Unexpected value 'vectors'"),
    ],
)
def test_no_legs(strategy: str, status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", strategy]) == status
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_from_standard_input() -> None:
    command = [sys.executable, "-m", "workflows", "matrix"]
    done = subprocess.run(command, cwd=ROOT, input='{"matrix": {"a": [1]}}', capture_output=True, text=True, check=True)
    assert done.stdout == '[{"a": 1}]\n'
