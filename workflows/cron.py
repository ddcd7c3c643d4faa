"""When a schedule is due: the five fields of POSIX cron, as GitHub reads them.

Minute 0-59, hour 0-23, day of the month 1-31, month 1-12 or JAN-DEC, day of the week 0-6 or SUN-SAT; each
``*``, a value, a range ``a-b``, any of them with a step ``/n`` (``20/15`` goes on to the field's end), or a
list of these. Nothing else of what other crons know is taken: no ``@daily``, ``?``, ``L``, ``W``, ``#``, no
seconds, no 7 for Sunday, no range that runs backwards.

When neither day of the month nor day of the week is ``*``, a day that fits one of them is enough; ``*/2`` is not ``*``.

Local times that a change of the clock leaves out are due once, all together, at the first moment after it, as
GitHub documents; local times that it brings twice are due the first time only, of which GitHub says nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from workflows.errors import WorkflowError

#: A workflow is started by its schedules no oftener than this; more often may be written, and is not done.
SHORTEST_INTERVAL = timedelta(minutes=5)

_DAY_MINUTES = 24 * 60
#: From one 29 February to the next, at most: 1896 to 1904, 2096 to 2104.
_LONGEST_WAIT_YEARS = 8
_LONGEST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MAX_LENGTH = 1024
_NUMBER = re.compile(r"[0-9]{1,4}")
_BETWEEN_FIELDS = re.compile(" +")


class BadCron(WorkflowError):
    """The schedule cannot be read; the message says why."""


@dataclass(frozen=True)
class Cron:
    """A schedule that was read. Values are sorted; ``days`` are of the month, ``weekdays`` count from Sunday, 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool  # ``*`` stands for the day of the month
    any_weekday: bool  # ``*`` stands for the day of the week

    @property
    def never_due(self) -> bool:
        """True when no year has such a day, as of ``0 0 30 2 *``."""
        return self.any_weekday and all(_LONGEST_DAYS[month - 1] < self.days[0] for month in self.months)

    @property
    def interval(self) -> timedelta:
        """The shortest time between two moments at which it is due, on days that follow each other."""
        moments = [hour * 60 + minute for hour in self.hours for minute in self.minutes]
        gaps = (later - earlier for earlier, later in pairwise([*moments, moments[0] + _DAY_MINUTES]))
        return timedelta(minutes=min(gaps))

    def next_after(self, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first moment, in UTC, strictly after ``moment`` at which it is due; None when there is none.

        ``moment`` must be aware (else ValueError); ``zone`` must tell the passes of a repeated hour apart by
        ``fold``, as zoneinfo's do. None also at the end of the calendar.
        """
        if moment.utcoffset() is None:
            raise ValueError("A moment needs its time zone")
        try:
            after = moment.astimezone(UTC)
            instants = (_instant(wall, zone) for wall in self._walls(after.astimezone(zone).replace(tzinfo=None)))
            return next((instant for instant in instants if instant > after), None)
        except OverflowError:
            return None

    def due_between(self, start: datetime, end: datetime, zone: tzinfo = UTC) -> Iterator[datetime]:
        """Every moment after ``start`` and up to ``end`` at which it is due, so that windows can follow each other."""
        due = self.next_after(start, zone)
        while due is not None and due <= end.astimezone(UTC):
            yield due
            due = self.next_after(due, zone)

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """What a clock on the wall shows when it is due, from ``after`` on, without a time zone."""
        for day in self._dates(after.date()):
            hours = self.hours
            if day == after.date():
                hours = tuple(hour for hour in hours if hour >= after.hour)
            for hour in hours:
                first = bisect_right(self.minutes, after.minute) if (day, hour) == (after.date(), after.hour) else 0
                for minute in self.minutes[first:]:
                    yield datetime.combine(day, time(hour, minute))

    def _dates(self, first: date) -> Iterator[date]:
        if self.never_due:
            return
        last_year = min(first.year + _LONGEST_WAIT_YEARS, date.max.year)
        for year in range(first.year, last_year + 1):
            for month in self.months:
                if (year, month) >= (first.year, first.month):
                    yield from (day for day in self._month(year, month) if day >= first)

    def _month(self, year: int, month: int) -> Iterator[date]:
        monday_based, length = monthrange(year, month)
        for day in range(1, length + 1):
            by_day = day in self.days
            by_weekday = (monday_based + day) % 7 in self.weekdays
            restricted_twice = not (self.any_day or self.any_weekday)
            if (by_day or by_weekday) if restricted_twice else (by_day and by_weekday):
                yield date(year, month, day)


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    hint: dict[str, str] = field(default_factory=dict)
    longest_step: int = 0  # 0: as ``high``

    def read(self, text: str) -> tuple[tuple[int, ...], bool]:
        """The values that a field's text takes, and whether that is simply all of them."""
        found: set[int] = set()
        parts = text.split(",")
        for part in parts:
            found.update(self._part(part))
        return tuple(sorted(found)), "*" in parts

    def _part(self, text: str) -> range:
        span, slash, step = text.partition("/")
        first, last = self._span(span, open_end=bool(slash))
        return range(first, last + 1, self._step(step) if slash else 1)

    def _span(self, text: str, *, open_end: bool) -> tuple[int, int]:
        if text == "*":
            return self.low, self.high
        start, dash, end = text.partition("-")
        first = self._value(start)
        if not dash:
            return first, self.high if open_end else first
        last = self._value(end)
        if last < first:
            raise BadCron(f"The {self.name} '{text}' runs backwards")
        return first, last

    def _value(self, text: str) -> int:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if _NUMBER.fullmatch(text) and self.low <= int(text) <= self.high:
            return int(text)
        known = f"{self.low} to {self.high}"
        if self.names:
            known += f" or {self.names[0]} to {self.names[-1]}"
        also = f" ({self.hint[text]})" if text in self.hint else ""
        raise BadCron(f"The {self.name} '{_shown(text)}' is none of {known}{also}")

    def _step(self, text: str) -> int:
        longest = self.longest_step or self.high
        if _NUMBER.fullmatch(text) and 1 <= int(text) <= longest:
            return int(text)
        raise BadCron(f"The step '{_shown(text)}' of the {self.name} is none of 1 to {longest}")


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23, hint={"24": "midnight is 0"}),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    # ``*/7`` is once a week and in use, though GitHub's own parser takes no step over a field's highest value.
    _Field("day of the week", 0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), {"7": "Sunday is 0"}, 7),
)


@lru_cache(maxsize=1024)
def parse(text: str) -> Cron:
    """A schedule's text as a Cron; BadCron when it is none."""
    if len(text) > _MAX_LENGTH:
        raise BadCron(f"The schedule is longer than {_MAX_LENGTH} characters")
    given = _BETWEEN_FIELDS.split(text)
    if "" in given:
        raise BadCron("The schedule begins or ends with a space")
    if len(given) != len(_FIELDS):
        raise BadCron(f"The schedule has {len(given)} {'field' if len(given) == 1 else 'fields'} instead of 5")
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = (
        known.read(part) for known, part in zip(_FIELDS, given, strict=True)
    )
    return Cron(minutes, hours, days, months, weekdays, any_day, any_weekday)


def _shown(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """When a clock in the zone first shows this or, where it never does, first shows more."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    # The clock skips it. What it would be by the clock before is too late, by the clock after too early.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = int((at - early).total_seconds())
    later = range(max(seconds, 0) + 1)
    shows_more = bisect_right(
        later, wall, key=lambda second: (early + timedelta(seconds=second)).astimezone(zone).replace(tzinfo=None)
    )
    return early + timedelta(seconds=min(shows_more, max(seconds, 0)))
