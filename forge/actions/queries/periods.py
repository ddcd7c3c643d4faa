"""Periods of time as GitHub's search writes them: ``>=2026-01-01``, ``2026-01-01..2026-02-01``, ``*``.

A day means the whole day in UTC and a time without a fraction the whole second, so that a time copied
from an answer finds the thing it was copied from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forge.errors import FieldError, Invalid

_COMPARISON = re.compile(r"(>=|<=|>|<)?(.+)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Period:
    """From ``start`` (inclusive) to ``end`` (exclusive); None is open."""

    start: datetime | None = None
    end: datetime | None = None


def period(text: str) -> Period:
    """Read a period; Invalid names the field ``created`` when it cannot be read."""
    text = text.strip()
    if ".." in text:
        first, last = text.split("..", 1)
        return Period(_moment(first)[0], _moment(last)[1])
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise _wrong(text)
    start, end = _moment(match[2])
    return {
        ">=": Period(start, None),
        ">": Period(end, None),
        "<=": Period(None, end),
        "<": Period(None, start),
    }.get(match[1] or "", Period(start, end))


def _moment(text: str) -> tuple[datetime | None, datetime | None]:
    """First instant of what is written, and the first instant after it; both None for ``*``."""
    text = text.strip()
    if text == "*":
        return None, None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # an unquoted + in a query arrives as a blank
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC), (moment + _unit(text, moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(text) from None


def _unit(text: str, moment: datetime) -> timedelta:
    if _DAY.fullmatch(text):
        return timedelta(days=1)
    return timedelta(microseconds=1) if moment.microsecond else timedelta(seconds=1)


def _wrong(text: str) -> Invalid:
    message = f"{text!r} is no date or range; write 2026-01-31, >=2026-01-31T12:00:00Z or 2026-01-01..2026-01-31"
    return Invalid("Validation Failed", [FieldError("WorkflowRun", "created", "invalid", message)])
