"""Text as every database takes it.

PostgreSQL keeps no NUL in text or JSON, and no database half a surrogate pair; both can stand in what
people push and in what runners report. Each becomes the replacement character.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(value: str) -> str:
    """The text with what cannot be kept replaced."""
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def data(value: Any) -> Any:
    """The same for everything in a JSON value, keys included."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(str(key)): data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [data(item) for item in value]
    return value
