"""Mappings of texts of which keys, values or the whole may be expressions: ``env``, ``with``, ``outputs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from workflows.errors import ExpressionError
from workflows.expressions.template import is_insert
from workflows.expressions.values import kind, to_text

_WANTED = {"Object": "A mapping was not expected", "Array": "A sequence was not expected"}


def lay_out(given: Mapping[str, str] | str, value: Callable[[str], object]) -> dict[str, str]:
    """The texts by key; ``value`` evaluates one text, key or value, against one state of the contexts.

    ``${{ insert }}`` stands for all that its value has. ExpressionError where no mapping comes out of what stands for
    one, a value is no text, or a key comes twice (case does not count).
    """
    made: dict[str, str] = {}
    seen: set[str] = set()
    for name, found in _entries(given, value):
        word = _WANTED.get(kind(found))
        if word is not None:
            raise ExpressionError("evaluation", f"{name}: {word}")
        if name.lower() in seen:
            raise ExpressionError("evaluation", f"'{name}' is already defined")
        seen.add(name.lower())
        made[name] = to_text(found)
    return made


def _entries(given: Mapping[str, str] | str, value: Callable[[str], object]) -> list[tuple[str, object]]:
    if isinstance(given, str):
        return list(_mapping(value(given)).items())
    found: list[tuple[str, object]] = []
    for key, text in given.items():
        if is_insert(key):
            found += _mapping(value(text)).items()
        else:
            found.append((to_text(value(key)) if "${{" in key else key, value(text)))
    return found


def _mapping(value: object) -> Mapping[str, object]:
    if kind(value) != "Object":
        raise ExpressionError("evaluation", f"Unexpected value '{to_text(value)}'; a mapping was expected")
    return cast("Mapping[str, object]", value)
