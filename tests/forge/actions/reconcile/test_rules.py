"""Each rule sees the rows that break it, and nothing else does."""

from __future__ import annotations

import pytest

from forge.actions import reconcile
from tests.forge.actions.reconcile.broken import ALSO, CASES, Break, Scene

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rules]


@pytest.mark.parametrize(("broken", "rule"), CASES, ids=[one.__name__ for one, _ in CASES])
def test_exactly_what_is_wrong_is_found(broken: Break, rule: str) -> None:
    scene = Scene.new()
    assert reconcile.everywhere() == []

    thing = broken(scene)

    found = reconcile.everywhere()
    assert {(one.rule, one.object) for one in found if one.rule != ALSO.get(rule)} == {(rule, thing)}
    assert {one.rule for one in found} == {rule, ALSO.get(rule, rule)}


def test_every_rule_has_a_case_and_a_sentence() -> None:
    assert {rule for _, rule in CASES} == set(reconcile.SENTENCES)
    assert all(sentence.endswith(".") for sentence in reconcile.SENTENCES.values())
