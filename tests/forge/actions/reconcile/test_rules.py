"""Each rule sees the rows that break it, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from forge.actions import reconcile
from tests.forge.actions.reconcile import broken, broken_groups
from tests.forge.actions.reconcile.broken import Scene
from tests.forge.actions.reconcile.broken_groups import Lines

#: What makes the rows, what breaks them, and the rule.
CASES = [
    *((Scene.new, wrong, rule) for wrong, rule in broken.CASES),
    *((Lines.new, wrong, rule) for wrong, rule in broken_groups.CASES),
]
ALSO: dict[str, set[str]] = broken.ALSO | broken_groups.ALSO
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rules]


@pytest.mark.parametrize(("new", "wrong", "rule"), CASES, ids=[wrong.__name__ for _, wrong, _ in CASES])
def test_exactly_what_is_wrong_is_found(new: Callable[[], Any], wrong: Callable[[Any], str], rule: str) -> None:
    scene = new()
    assert reconcile.everywhere() == []

    thing = wrong(scene)

    found = reconcile.everywhere()
    also = ALSO.get(rule, set())
    assert {(one.rule, one.object) for one in found if one.rule not in also} == {(rule, thing)}, found
    assert {one.rule for one in found} == {rule} | also


def test_every_rule_has_a_case_and_a_sentence() -> None:
    assert {rule for *_, rule in CASES} == set(reconcile.SENTENCES)
    assert all(sentence.endswith(".") for sentence in reconcile.SENTENCES.values())
