"""Generated expressions, answered by us and by GitHub's package; they agree, or the list says why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.judges.answers import agree, ours, theirs
from tests.judges.differences import SIGNS, entries, known
from tests.judges.judge import Judge
from tests.judges.written import Written, written

_PARTS = 100
_A_PART = 1_000


def _examples() -> list[Any]:
    return [
        pytest.param(entry["id"], example, id=f"{entry['id']}-{number}")
        for entry in entries()
        for number, example in enumerate(entry["examples"], 1)
    ]


def test_every_difference_of_the_list_has_a_sign_and_every_sign_is_in_the_list() -> None:
    assert [entry["id"] for entry in entries()] == list(SIGNS)


@pytest.mark.parametrize(("name", "example"), _examples())
def test_a_listed_difference_is_one(judge: Judge, name: str, example: dict[str, Any]) -> None:
    question = Written(example["expr"], example.get("contexts", {}))
    mine, other = ours(question), theirs(judge, question)
    assert mine.text == example["ours"]
    assert other.text.startswith(example["theirs"])
    assert agree(mine, other) is example.get("agree", False)
    assert agree(mine, other) or SIGNS[name](question, mine, other)


def _checked(judge: Judge, enough: int, number: int) -> set[str]:
    """Judge a quarter more than enough generated expressions, as some repeat; those that were judged."""
    judged: set[str] = set()

    @seed(number)
    @settings(
        max_examples=enough * 5 // 4,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(written)
    def check(question: Written) -> None:
        _check(judge, question)
        judged.add(repr(question))

    run: Callable[[], None] = check
    run()
    return judged


def _check(judge: Judge, question: Written) -> None:
    mine, other = ours(question), theirs(judge, question)
    assert agree(mine, other) or known(question, mine, other), f"{question}\nours   {mine.text}\ntheirs {other.text}"


def test_a_sample_of_generated_expressions(judge: Judge) -> None:
    assert len(_checked(judge, 200, 0)) >= 200


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(1, _PARTS + 1))
def test_a_hundred_thousand_generated_expressions(judge: Judge, part: int) -> None:
    assert len(_checked(judge, _A_PART, part)) >= _A_PART
