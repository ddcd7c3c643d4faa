"""Broken workflows, judged by us and by GitHub's package; both refuse them or neither does, or the list says why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.judges.differences import workflow_entries
from tests.judges.judge import Judge
from tests.judges.mutated import FULL, mutated
from workflows import parser

_PATH = ".github/workflows/judged.yml"
_PARTS = 10
_A_PART = 1_000


def _ours(text: str) -> list[str]:
    return [problem.message for problem in parser.read(text, _PATH)[1] if problem.severity == "error"]


def _theirs(judge: Judge, text: str) -> list[str]:
    return list(judge.ask("workflow", path=_PATH, text=text)["errors"])


def _known(mine: list[str], other: list[str]) -> str:
    """The id of the difference that each of the errors is of that only one side has; empty for none."""
    side, errors = ("ours", mine) if mine else ("theirs", other)
    entries = [entry for entry in workflow_entries() if entry["who"] == side]
    found = [next((entry["id"] for entry in entries if re.search(entry["says"], error)), "") for error in errors]
    return "" if "" in found else found[0]


def test_the_unbroken_one_is_right(judge: Judge) -> None:
    assert _ours(FULL) == _theirs(judge, FULL) == []


@pytest.mark.parametrize("entry", workflow_entries(), ids=lambda entry: str(entry["id"]))
def test_a_listed_difference_is_one(judge: Judge, entry: dict[str, Any]) -> None:
    mine, other = _ours(entry["example"]), _theirs(judge, entry["example"])
    assert bool(mine) is (entry["who"] == "ours")
    assert bool(other) is (entry["who"] == "theirs")
    assert _known(mine, other) == entry["id"]


def _check(judge: Judge, count: int, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated)
    def check(text: str) -> None:
        mine, other = _ours(text), _theirs(judge, text)
        assert bool(mine) is bool(other) or _known(mine, other), f"{text}\nours   {mine}\ntheirs {other}"

    check()


def test_a_sample_of_broken_workflows(judge: Judge) -> None:
    _check(judge, 150, 0)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(1, _PARTS + 1))
def test_many_broken_workflows(judge: Judge, part: int) -> None:
    _check(judge, _A_PART, part)
