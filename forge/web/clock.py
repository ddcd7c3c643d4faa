"""Times and durations in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone


def duration(seconds: float | timedelta) -> str:
    """``31s``, ``4m 51s``, ``6h 00m``, ``2d 3h``; never negative."""
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    total = max(total, 0)
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m {total % 60:02d}s"
    if total < 86400:
        return f"{total // 3600}h {total % 3600 // 60:02d}m"
    return f"{total // 86400}d {total % 86400 // 3600}h"


def between(start: datetime | None, end: datetime | None) -> str:
    """How long something took, or has taken until now; empty before its start."""
    return duration((end or timezone.now()) - start) if start else ""


def relative(moment: datetime, now: datetime | None = None) -> str:
    """``now``, ``12 min ago``, ``3 h ago``, ``yesterday``, ``5 days ago``, then the date."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if seconds < 60:
        return "now" if seconds > -60 else long(moment)
    said = _roughly(seconds)
    return "yesterday" if said == "1 day" else f"{said} ago" if said else _date(moment)


def until(moment: datetime, now: datetime | None = None) -> str:
    """``now``, ``in 12 min``, ``in 5 h``, ``in 3 days``, then the date: of something to come."""
    seconds = (moment - (now or timezone.now())).total_seconds()
    if seconds < 60:
        return "now"
    said = _roughly(seconds)
    return f"in {said}" if said else _date(moment)


def _roughly(seconds: float) -> str:
    """``12 min``, ``3 h``, ``1 day``, ``5 days``; empty from thirty days on."""
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h"
    days = int(seconds // 86400)
    return ("1 day" if days == 1 else f"{days} days") if days < 30 else ""


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def long(moment: datetime) -> str:
    """Date and time in UTC, to the second, with the zone named."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """For ``datetime`` attributes: ``2026-01-15T12:00:01Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
