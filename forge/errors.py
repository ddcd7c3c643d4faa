"""Why the server refuses something, without knowing HTTP.

    ForgeError
    ├── NotFound     it does not exist, or the asker may not know that it does
    ├── Forbidden    the asker may see it and may not do this; scopes say what would be accepted
    ├── Conflict     it exists already, or is not in a state that allows this
    ├── Invalid      the input is wrong; errors name field and reason
    └── Gone         it was here and is deleted by retention

One map to HTTP per face: ``api.errors`` for JSON, ``web.errors`` for pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ForgeError(Exception):
    """Base of all refusals. ``message`` is shown to the person: what, where and what to do."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class NotFound(ForgeError):
    """It does not exist for this asker."""

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)


class Forbidden(ForgeError):
    """The asker may see it, and may not do this."""

    def __init__(self, message: str, accepted_scopes: Sequence[str] = ()) -> None:
        self.accepted_scopes = tuple(accepted_scopes)
        super().__init__(message)


class Conflict(ForgeError):
    """It exists already, or its state does not allow this."""


@dataclass(frozen=True)
class FieldError:
    """One wrong field, in the words of GitHub's 422 answers."""

    resource: str
    field: str
    code: str  # missing, missing_field, invalid, already_exists, custom
    message: str = ""


class Invalid(ForgeError):
    """The input is wrong."""

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        self.errors = tuple(errors)
        super().__init__(message)


class Gone(ForgeError):
    """It was here, and retention has deleted it."""
