"""Parts of bodies that several calls take: moments, and people as commits name them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from forge.api.v3.base import text
from forge.errors import FieldError, Invalid
from forge.repos.authoring import Person


def moment(given: str, name: str) -> datetime:
    """A time in RFC 3339, or a day; in UTC where it names no zone. Invalid for anything else."""
    try:
        found = parse_datetime(given)
        if found is None and (day := parse_date(given)) is not None:
            found = datetime(day.year, day.month, day.day)
        if found is not None:
            found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
            found.astimezone(UTC)  # it must be within the calendar there, too
            return found
    except (ValueError, OverflowError):
        pass
    message = f"{name} must be a time such as 2026-01-31T12:00:00Z"
    raise Invalid(message, [FieldError("Request", name, "invalid", message)])


def person(data: dict[str, Any], name: str) -> Person | None:
    """``{"name", "email", "date"}``; None when the body has none. Invalid when it is no such thing."""
    given = data.get(name)
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Invalid("Validation Failed", [FieldError("Commit", name, "invalid", f"{name} must be an object")])
    called, email, date = (text(given, field) for field in ("name", "email", "date"))
    if not (called or "").strip() or not (email or "").strip():
        missing = "email" if (called or "").strip() else "name"
        raise Invalid("Validation Failed", [FieldError("Commit", f"{name}.{missing}", "missing_field")])
    return Person(str(called), str(email), moment(date, f"{name}.date") if date else None)
