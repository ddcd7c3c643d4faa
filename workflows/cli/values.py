"""Values of expressions from JSON and to it."""

from __future__ import annotations

from math import isfinite

from workflows.errors import ExpressionError
from workflows.expressions import json_text, to_text
from workflows.expressions.budget import Budget

#: Bytes that a text may become: whoever gives it runs the command, and may.
_MEMORY = 2**31


def object_of(what: str, text: str) -> dict[str, object]:
    """The JSON object in a text, of keys that differ only in case the first; ValueError names ``what``."""
    try:
        found = json_text.read(text, Budget(_MEMORY))
    except ExpressionError as error:
        raise ValueError(f"{what}: this is no JSON: {error.message.partition(': ')[2]}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{what}: a JSON object was expected")
    return found


def as_json(value: object) -> object:
    """Whole numbers without a fraction, and what JSON has no number for as text."""
    if isinstance(value, float):
        if not isfinite(value):
            return to_text(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return {key: as_json(item) for key, item in value.items()} if isinstance(value, dict) else value
