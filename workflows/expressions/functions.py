"""The functions that every expression may call.

Each gets its arguments unevaluated and evaluates what it needs: ``case`` must not touch the branches
that it does not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, cast

from workflows.errors import ExpressionError
from workflows.expressions import json_text
from workflows.expressions.ast import Node
from workflows.expressions.budget import Budget, text_size
from workflows.expressions.values import equals, fold, is_primitive, kind, to_text

MAX_ARGUMENTS: Final = 255
#: Longer templates of ``format`` are read anew each time, so that hostile ones do not fill the memory.
_CACHED_TEMPLATE: Final = 500

_PLACE = re.compile(r"\{\{|\}\}|\{([0-9]+)(?::([^}]*(?:\}\}[^}]*)*)\}(?!\})|\})|[{}]")


class Run(Protocol):
    """One evaluation, as a function sees it."""

    @property
    def budget(self) -> Budget:
        """What the evaluation may still hold."""

    def value(self, node: Node) -> object:
        """The value of an argument."""


Arguments = tuple[Node, ...]


@dataclass(frozen=True)
class BuiltIn:
    """A function and how many arguments it takes; ``odd`` when their number must be so."""

    least: int
    most: int
    apply: Callable[[Run, Arguments], object]
    odd: bool = False


def _contains(run: Run, arguments: Arguments) -> bool:
    searched = run.value(arguments[0])
    if is_primitive(searched):
        wanted = run.value(arguments[1])
        return is_primitive(wanted) and fold(to_text(wanted)) in fold(to_text(searched))
    if kind(searched) != "Array" or not searched:
        return False
    wanted = run.value(arguments[1])
    return any(equals(wanted, item) for item in cast("Iterable[object]", searched))


def _starts_with(run: Run, arguments: Arguments) -> bool:
    texts = _two_texts(run, arguments)
    return texts is not None and texts[0].startswith(texts[1])


def _ends_with(run: Run, arguments: Arguments) -> bool:
    texts = _two_texts(run, arguments)
    return texts is not None and texts[0].endswith(texts[1])


def _two_texts(run: Run, arguments: Arguments) -> tuple[str, str] | None:
    searched, wanted = run.value(arguments[0]), run.value(arguments[1])
    if not is_primitive(searched) or not is_primitive(wanted):
        return None
    return fold(to_text(searched)), fold(to_text(wanted))


def _join(run: Run, arguments: Arguments) -> str:
    items = run.value(arguments[0])
    if is_primitive(items):
        return to_text(items)
    if kind(items) != "Array":
        return ""
    texts = [to_text(item) for item in cast("Iterable[object]", items)]
    separator = ","
    if len(texts) > 1 and len(arguments) > 1:
        given = run.value(arguments[1])
        separator = to_text(given) if is_primitive(given) else separator
    run.budget.charge(sum(map(text_size, texts)) + text_size(separator) * max(len(texts) - 1, 0))
    return separator.join(texts)


def _format(run: Run, arguments: Arguments) -> str:
    template = to_text(run.value(arguments[0]))
    read = _places if len(template) <= _CACHED_TEMPLATE else _read_places
    values: dict[int, str] = {}
    texts = []
    for piece in read(template, len(arguments) - 1):
        if isinstance(piece, int):
            if piece not in values:
                values[piece] = to_text(run.value(arguments[piece + 1]))
            piece = values[piece]
        if piece:
            run.budget.charge(text_size(piece))  # before anything is joined: a small text can ask for a huge one
            texts.append(piece)
    return "".join(texts)


def _read_places(template: str, count: int) -> tuple[str | int, ...]:
    """A template as texts and numbers of arguments, of which there are ``count``."""
    pieces: list[str | int] = []
    start = 0
    for place in _PLACE.finditer(template):
        pieces.append(template[start : place.start()])
        pieces.append(_piece(place, template, count))
        start = place.end()
    pieces.append(template[start:])
    return tuple(pieces)


_places = lru_cache(maxsize=512)(_read_places)


def _piece(place: re.Match[str], template: str, count: int) -> str | int:
    """What stands for one brace: a brace, or the number of an argument."""
    text = place.group()
    if text in ("{{", "}}"):
        return text[0]
    digits = (place.group(1) or "").lstrip("0") or "0"
    if place.group(1) is None or len(digits) > 3 or int(digits) > MAX_ARGUMENTS:
        raise ExpressionError("evaluation", f"The following format string is invalid: {template}")
    if int(digits) >= count:
        what = "The following format string references more arguments than were supplied"
        raise ExpressionError("evaluation", f"{what}: {template}")
    if place.group(2):
        raise ExpressionError("evaluation", f"The format specifiers '{place.group(2)}' are not valid: {template}")
    return int(digits)


def _to_json(run: Run, arguments: Arguments) -> str:
    return json_text.write(run.value(arguments[0]), run.budget)


def _from_json(run: Run, arguments: Arguments) -> object:
    return json_text.read(to_text(run.value(arguments[0])), run.budget)


def _case(run: Run, arguments: Arguments) -> object:
    for at in range(0, len(arguments) - 1, 2):
        predicate = run.value(arguments[at])
        if not isinstance(predicate, bool):
            raise ExpressionError("evaluation", "case predicate must evaluate to a boolean value")
        if predicate:
            return run.value(arguments[at + 1])
    return run.value(arguments[-1])


#: By name in lower case.
BUILT_IN: Final[dict[str, BuiltIn]] = {
    "case": BuiltIn(3, MAX_ARGUMENTS, _case, odd=True),
    "contains": BuiltIn(2, 2, _contains),
    "endswith": BuiltIn(2, 2, _ends_with),
    "format": BuiltIn(1, MAX_ARGUMENTS, _format),
    "fromjson": BuiltIn(1, 1, _from_json),
    "join": BuiltIn(1, 2, _join),
    "startswith": BuiltIn(2, 2, _starts_with),
    "tojson": BuiltIn(1, 1, _to_json),
}
