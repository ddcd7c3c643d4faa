"""Every scenario, by the real server and real agents over the fake backend."""

from __future__ import annotations

import pytest

from tests.scenarios.case import cases
from tests.scenarios.stage import Stage

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("scenario", [name for name, case in cases().items() if not case.absent])
def test_scenario(stage: Stage, scenario: str) -> None:
    outcome = stage.outcome(scenario)
    assert not outcome.differences, "\n".join([cases()[scenario].shows, *outcome.differences])


def test_nothing_is_left_open(stage: Stage) -> None:
    stage.outcomes()
    assert {name: rows for name, rows in stage.rows.left_open().items() if rows} == {}


def test_the_rows_keep_the_rules(stage: Stage) -> None:
    stage.outcomes()
    stage.stack.rules_hold()
