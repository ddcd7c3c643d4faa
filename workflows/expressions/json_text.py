"""JSON in and out, as ``fromJSON`` and ``toJSON`` speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring
from typing import Final, NoReturn

from workflows.errors import ExpressionError
from workflows.expressions.budget import VALUE, Budget, text_size
from workflows.expressions.values import fold, kind, to_text

#: Levels of arrays and objects that are read; GitHub's strict reader has the same.
MAX_NESTING: Final = 100

#: Line ends to JavaScript though not to JSON: GitHub's writer escapes them.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def read(text: str, budget: Budget) -> object:
    """The value of a JSON text; ExpressionError (evaluation) when it is none.

    Of keys that differ only in case the first is kept. Numbers become floats.
    """
    budget.charge(text_size(text) + VALUE * sum(map(text.count, "[{,")))
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise _unreadable(str(error)) from None
    if text.count("[") + text.count("{") > MAX_NESTING:
        _check_nesting(value)
    return value


def _unreadable(why: str) -> ExpressionError:
    return ExpressionError("evaluation", f"Error parsing fromJson: {why}")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    spellings: dict[str, str] = {}
    for key in result:
        spellings.setdefault(fold(key), key)
    if len(spellings) == len(result):
        return result
    return {key: result[key] for key in spellings.values()}


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=float, parse_constant=_constant)


def _check_nesting(value: object) -> None:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [child for item in level for child in _children(item) if isinstance(child, list | dict)]
        if not level:
            return
    raise _unreadable("it is nested too deeply")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def write(value: object, budget: Budget) -> str:
    """A value as JSON, indented by two. Works without recursion, however deep the value is."""
    pieces: list[str] = []
    most = budget.limit - budget.used
    for piece in _pieces(value):
        pieces.append(piece)
        most -= text_size(piece)
        if most < 0:
            budget.charge(budget.limit + 1)
    return "".join(pieces)


def _pieces(value: object) -> Iterator[str]:
    opened: list[tuple[Iterator[tuple[str, object]], str]] = []  # what is left of each, and what closes it
    lead = ""
    while True:
        text, inside, closing = _open(value)
        yield lead + text
        if inside is not None:
            opened.append((inside, closing))
        separator = "" if inside is not None else ","
        while opened:
            following = next(opened[-1][0], None)
            if following is not None:
                break
            _, closing = opened.pop()
            yield "\n" + "  " * len(opened) + closing
            separator = ","
        else:
            return
        name, value = following
        lead = f"{separator}\n{'  ' * len(opened)}{name}"


def _open(value: object) -> tuple[str, Iterator[tuple[str, object]] | None, str]:
    """How a value begins; for one that holds others also those, each with what stands before it."""
    match kind(value):
        case "Array" if value:
            return "[", (("", item) for item in value), "]"  # type: ignore[attr-defined]  # kind has said so
        case "Object" if value:
            assert isinstance(value, Mapping)
            return "{", ((f"{_quoted(key)}: ", item) for key, item in value.items()), "}"
        case "Array":
            return "[]", None, ""
        case "Object":
            return "{}", None, ""
        case "String":
            return _quoted(str(value)), None, ""
        case "Null":
            return "null", None, ""
        case _:
            return to_text(value), None, ""


def _quoted(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if quoted.isascii() else quoted.translate(_LINE_ENDS)
