"""Times and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forge.web import clock

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "past", "coming"),
    [
        (20, "now", "now"),
        (59, "now", "now"),
        (61, "1 min ago", "in 1 min"),
        (5 * 3600 + 9, "5 h ago", "in 5 h"),
        (86_400, "yesterday", "in 1 day"),
        (3 * 86_400, "3 days ago", "in 3 days"),
        (29 * 86_400 + 9, "29 days ago", "in 29 days"),
        (30 * 86_400, "1 Mar 2026", "30 Apr 2026"),
    ],
)
def test_times_in_words(seconds: int, past: str, coming: str) -> None:
    length = timedelta(seconds=seconds)
    assert clock.relative(NOW - length, NOW) == past
    assert clock.until(NOW + length, NOW) == coming


def test_what_is_not_over_as_it_should_be_is_told_exactly() -> None:
    assert clock.relative(NOW + timedelta(seconds=90), NOW) == "31 Mar 2026, 12:01:30 UTC"
    assert clock.until(NOW - timedelta(days=2), NOW) == "now"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0s"), (59.9, "59s"), (291, "4m 51s"), (6 * 3600, "6h 00m"), (2 * 86_400 + 11_000, "2d 3h")],
)
def test_durations_in_words(seconds: float, said: str) -> None:
    assert clock.duration(seconds) == clock.duration(timedelta(seconds=seconds)) == said
