"""Periods as GitHub's search writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forge.actions.queries.periods import Period, period
from forge.errors import Invalid

DAY = datetime(2026, 1, 15, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

CASES = {
    "2026-01-15": Period(DAY, NEXT),
    ">=2026-01-15": Period(DAY, None),
    ">2026-01-15": Period(NEXT, None),
    "<2026-01-15": Period(None, DAY),
    "<=2026-01-15": Period(None, NEXT),
    "2026-01-15..2026-01-15": Period(DAY, NEXT),
    "2026-01-15..*": Period(DAY, None),
    "*..2026-01-15": Period(None, NEXT),
    "*": Period(),
    "2026-01-15T12:00:00Z": Period(NOON, NOON + SECOND),
    ">2026-01-15T12:00:00Z": Period(NOON + SECOND, None),
    "<=2026-01-15T12:00:00Z": Period(None, NOON + SECOND),
    ">=2026-01-15T14:00:00+02:00": Period(NOON, None),
    ">=2026-01-15T14:00:00 02:00": Period(NOON, None),  # an unquoted plus
    ">2026-01-15T12:00:00.5Z": Period(NOON + timedelta(microseconds=500_001), None),
}


@pytest.mark.parametrize("text", CASES)
def test_reads(text: str) -> None:
    assert period(text) == CASES[text]


@pytest.mark.parametrize("text", ["", "yesterday", ">", "2026-13-01", "..", "2026-01-15...", "9999-12-31", "2026\x00"])
def test_refuses_and_names_the_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        period(text)
    assert refused.value.errors[0].field == "created"
