"""Schedules: what is one, and when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows import cron

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def _moment(said: str | datetime) -> datetime:
    found = said if isinstance(said, datetime) else datetime.fromisoformat(said)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.mark.parametrize("case", conformance.table("cron"))
def test_schedules(case: dict[str, Any]) -> None:
    if "problem" in case:
        with pytest.raises(cron.BadCron) as caught:
            cron.parse(case["cron"])
        assert str(caught.value) == case["problem"]
        return
    zone, due = ZoneInfo(case.get("zone", "UTC")), list(map(_moment, case["due"]))
    start = _moment(case["after"])
    end = due[-1] if due else start + 9_000 * _DAY
    found = list(cron.parse(case["cron"]).due_between(start, end, zone))
    assert found == due
    assert [moment.astimezone(zone).utcoffset() for moment in found] == [
        moment.utcoffset() for moment in due
    ] or zone == ZoneInfo("UTC")


def test_what_is_due_is_told_in_utc() -> None:
    due = cron.parse("0 5 * * *").next_after(datetime(2026, 7, 1, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert due is not None
    assert (due.tzinfo, due.hour) == (UTC, 3)


def test_a_moment_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="needs its time zone"):
        cron.parse("* * * * *").next_after(datetime(2026, 1, 1))


def test_nothing_after_the_end_of_the_calendar() -> None:
    schedule = cron.parse("30 23 * * *")
    end = datetime.max.replace(tzinfo=UTC)
    assert schedule.next_after(end) is None
    assert schedule.next_after(end, ZoneInfo("Asia/Tokyo")) is None
    assert schedule.next_after(end - _DAY / 2, ZoneInfo("America/New_York")) is None


def test_windows_that_follow_each_other_lose_and_repeat_nothing() -> None:
    schedule, zone = cron.parse("*/15 1-3 * * *"), ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 20, tzinfo=UTC)
    edges = [start + number * 5 * _MINUTE for number in range(300)]
    apart = [due for first, last in pairwise(edges) for due in schedule.due_between(first, last, zone)]
    assert apart == list(schedule.due_between(edges[0], edges[-1], zone))
    assert len(apart) == 12  # the first pass of the hour that comes twice, and the hours around it


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("* * * * *", 1),
        ("*/5 * * * *", 5),
        ("0,58 * * * *", 2),
        ("0,58 3 * * *", 58),
        ("0 0 * * *", 24 * 60),
        ("0 0,23 * * *", 60),
        ("7-9/2 1 * * *", 2),
        ("*/7 * * * *", 4),
    ],
)
def test_the_shortest_interval(text: str, minutes: int) -> None:
    assert cron.parse(text).interval == minutes * _MINUTE


def test_never_due() -> None:
    assert [cron.parse(text).never_due for text in ("0 0 30 2 *", "0 0 31 4,6,9,11 *")] == [True, True]
    assert [cron.parse(text).never_due for text in ("0 0 29 2 *", "0 0 30 2 0", "0 0 31 4,5 *")] == [False] * 3


_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu")


@st.composite
def _parts(draw: st.DrawFn, low: int, high: int) -> str:
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high))
    return draw(
        st.sampled_from(["*", f"*/{step}", f"{first}", f"{first}-{last}", f"{first}/{step}", f"{first}-{last}/{step}"])
    )


@st.composite
def _texts(draw: st.DrawFn) -> str:
    fields = [draw(st.lists(_parts(*limits), min_size=1, max_size=3)) for limits in _LIMITS]
    return " ".join("*" if draw(st.booleans()) else ",".join(parts) for parts in fields)


def _takes(text: str, value: int, low: int, high: int) -> bool:
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        end = int(last or (high if step else first))
        if int(first) <= value <= end and (value - int(first)) % int(step or 1) == 0:
            return True
    return False


def _shown_when_due(text: str, wall: datetime) -> bool:
    minute, hour, day, month, weekday = text.split(" ")
    stars = [any(part == "*" for part in field.split(",")) for field in (day, weekday)]
    by_day, by_weekday = _takes(day, wall.day, 1, 31), _takes(weekday, wall.isoweekday() % 7, 0, 6)
    return (
        _takes(minute, wall.minute, 0, 59)
        and _takes(hour, wall.hour, 0, 23)
        and _takes(month, wall.month, 1, 12)
        and ((by_day and by_weekday) if any(stars) else (by_day or by_weekday))
    )


def _minute_by_minute(text: str, start: datetime, end: datetime, zone: tzinfo) -> list[datetime]:
    """What a slow watcher finds: looks at the clock each minute, and at every minute it jumped over."""
    seen = (start - _DAY).astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    at, due = start - _DAY, []
    while at <= end:
        shown = at.astimezone(zone).replace(tzinfo=None)
        jumped = False
        while seen < shown:  # a clock that went back shows nothing new until it has caught up
            seen += _MINUTE
            jumped = _shown_when_due(text, seen) or jumped
        if jumped and at > start:
            due.append(at)
        at += _MINUTE
    return due


@settings(max_examples=60, deadline=None)
@given(
    _texts(),
    st.sampled_from(_ZONES),
    st.one_of(
        st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)),
        # Near where clocks change: Berlin, New York, Lord Howe and Santiago.
        st.sampled_from(
            [datetime(2026, 3, 28, 12), datetime(2026, 3, 7, 12), datetime(2026, 10, 3), datetime(2026, 9, 5)]
        ),
        st.sampled_from(
            [datetime(2026, 10, 24, 12), datetime(2026, 11, 1), datetime(2026, 4, 4), datetime(2026, 4, 5)]
        ),
    ),
)
def test_agrees_with_a_slow_watcher(text: str, name: str, at: datetime) -> None:
    zone, start = ZoneInfo(name), at.replace(second=0, microsecond=0, tzinfo=UTC)
    end = start + _DAY
    assert list(cron.parse(text).due_between(start, end, zone)) == _minute_by_minute(text, start, end, zone)


@settings(max_examples=300, deadline=None)
@given(
    _texts(), st.datetimes(datetime(1901, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)), st.sampled_from(_ZONES)
)
def test_the_next_moments_come_in_order(text: str, after: datetime, name: str) -> None:
    schedule = cron.parse(text)
    found = list(islice(schedule.due_between(after, datetime.max.replace(tzinfo=UTC), ZoneInfo(name)), 5))
    assert found == sorted(set(found))
    assert all(moment > after for moment in found)
    assert len(found) == (0 if schedule.never_due else 5)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("*/,-0123456789 SUNMOJAL#?W@", max_size=20)))
def test_nothing_else_is_raised(text: str) -> None:
    try:
        schedule = cron.parse(text)
    except cron.BadCron:
        return
    assert schedule.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is not None or schedule.never_due


def test_hostile_schedules_take_no_time() -> None:
    cron.parse(",".join(["*/1"] * 250) + " * * * *")
    with pytest.raises(cron.BadCron, match="longer than 1024"):
        cron.parse("1," * 600)
    for text in ("9" * 900 + " * * * *", "*/" * 400, " " * 1_000, "-" * 1_000):
        with pytest.raises(cron.BadCron):
            cron.parse(text)
