"""Refusals as GitHub's GraphQL writes them: HTTP 200, and a ``type`` beside ``message``, which gh looks at."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from forge.errors import Conflict, Forbidden, ForgeError, Gone, Invalid, NotFound

_TYPES: dict[type[ForgeError], str] = {
    NotFound: "NOT_FOUND",
    Gone: "NOT_FOUND",
    Conflict: "UNPROCESSABLE",
    Invalid: "UNPROCESSABLE",
}


class Refused(ForgeError):
    """The query itself asks for what is not answered. ``kind`` is the ``type`` of the error."""

    def __init__(self, message: str, kind: str) -> None:
        self.kind = kind
        super().__init__(message)


def fault(errors: list[GraphQLError]) -> BaseException | None:
    """The first error that is no refusal but a fault of ours."""
    causes = [error.original_error for error in errors]
    return next((one for one in causes if one is not None and not isinstance(one, ForgeError | GraphQLError)), None)


def shape(error: GraphQLError) -> dict[str, Any]:
    """One error of an answer."""
    cause = error.original_error
    shown: dict[str, Any] = {}
    if isinstance(cause, ForgeError):
        shown["type"] = _type_of(cause)
    if error.path is not None:
        shown["path"] = list(error.path)
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return {**shown, "message": _message(cause) if isinstance(cause, Invalid) else error.message}


def _type_of(error: ForgeError) -> str:
    if isinstance(error, Refused):
        return error.kind
    if isinstance(error, Forbidden):
        return "INSUFFICIENT_SCOPES" if error.accepted_scopes else "FORBIDDEN"
    return next((word for kind, word in _TYPES.items() if isinstance(error, kind)), "UNPROCESSABLE")


def _message(error: Invalid) -> str:
    """What is wrong, with the words for each field: there is no list of fields here."""
    details = [one.message or f"{one.field}: {one.code}" for one in error.errors]
    return f"{error.message} {'; '.join(details)}".strip()
