"""Texts with ``${{ … }}`` inserts, and the conditions of jobs and steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from workflows.errors import ExpressionError
from workflows.expressions.ast import Node, functions_used
from workflows.expressions.budget import TEMPLATE_MEMORY, Budget, text_size
from workflows.expressions.evaluator import Functions, evaluate
from workflows.expressions.functions import MAX_ARGUMENTS
from workflows.expressions.parser import parse
from workflows.expressions.values import WHITE_SPACE, Value, to_text

_OPENING = "${{"
#: From after an opening to the first closing that is not inside a quoted text.
_INSIDE = re.compile(r"([^'}]*(?:(?:'[^']*'|\}(?!\}))[^'}]*)*)\}\}")

STATUS_FUNCTIONS: Final = frozenset(("success", "failure", "always", "cancelled"))
_CONDITION_FUNCTIONS = dict.fromkeys(STATUS_FUNCTIONS, (0, MAX_ARGUMENTS)) | {"hashFiles": (1, MAX_ARGUMENTS)}

_NOT_CLOSED = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)


def render(text: str, contexts: Mapping[str, object], functions: Functions | None = None) -> str:
    """The text with every insert replaced by the text of its value; ExpressionError when one fails."""
    if _OPENING not in text:
        return text
    budget = Budget(TEMPLATE_MEMORY)
    pieces: list[str] = []
    end = held = 0
    for expression, _, start, stop in _inserts(text):
        inserted = to_text(evaluate(expression, contexts, functions, budget=budget))
        budget.used = held  # what the expression held is free again, but for its text
        budget.charge(text_size(inserted))
        held = budget.used
        pieces += (text[end:start], inserted)
        end = stop
    pieces.append(text[end:])
    return "".join(pieces)


def evaluate_value(text: str, contexts: Mapping[str, object], functions: Functions | None = None) -> Value:
    """The value itself of a text that is exactly one insert; of any other the rendered text."""
    expression = _only_insert(text)
    if expression is None:
        return render(text, contexts, functions)
    return evaluate(expression, contexts, functions, budget=Budget(TEMPLATE_MEMORY))


def expressions_in(text: str) -> list[tuple[str, int]]:
    """Every expression in a text, without the white space around it, and where it starts (0-based).

    ExpressionError (parsing) when one is not closed or is empty; its position is 1-based in the text.
    """
    return [(expression, offset) for expression, offset, _, _ in _inserts(text)]


def template_budget() -> Budget:
    """What the expressions of one text may hold together."""
    return Budget(TEMPLATE_MEMORY)


def as_expression(text: str) -> str | None:
    """The one expression that GitHub's runner makes of a text with inserts; None when it holds none."""
    if _OPENING not in text:
        return None
    expression = _only_insert(text)
    return _as_format(text) if expression is None else expression


def is_insert(text: str) -> bool:
    """True for ``${{ insert }}``, which as a key stands for the mapping that is its value."""
    return text.startswith(_OPENING) and text.endswith("}}") and text[3:-2].strip() == "insert"


def condition(text: str | None) -> str:
    """The expression that GitHub makes of an ``if:``, with or without ``${{ }}``.

    Nothing is ``success()``; what asks for no status itself gets ``success() && (…)``. As on GitHub a text
    beside an insert makes it all one text, which is true. ExpressionError when it cannot be parsed.
    """
    bare = _bare(text or "")
    if not bare:
        return "success()"
    if uses_function(parse(bare, None, _CONDITION_FUNCTIONS), STATUS_FUNCTIONS):
        return bare
    return f"success() && ({bare})"


def uses_function(node: Node, names: Iterable[str]) -> bool:
    """True when the expression calls one of these functions; case is ignored."""
    return not functions_used(node).isdisjoint(name.lower() for name in names)


def _bare(text: str) -> str:
    if _OPENING not in text:
        return text.strip(WHITE_SPACE)
    expression = _only_insert(text)
    return _as_format(text) if expression is None else expression


def _as_format(text: str) -> str:
    """A text with inserts as one call of ``format``."""
    arguments: list[str] = []
    template, end = "", 0
    for expression, _, start, stop in _inserts(text):
        template += f"{_escaped(text[end:start])}{{{len(arguments)}}}"
        arguments.append(expression)
        end = stop
    template += _escaped(text[end:])
    return f"format('{template}', {', '.join(arguments)})"


def _escaped(text: str) -> str:
    return text.replace("'", "''").replace("{", "{{").replace("}", "}}")


def _only_insert(text: str) -> str | None:
    if not text.startswith(_OPENING):
        return None
    expression, _, _, stop = next(_inserts(text))
    return expression if stop == len(text) else None


def _inserts(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Each insert: its expression, where that starts, and from where to where the whole insert goes."""
    start = text.find(_OPENING)
    while start >= 0:
        inside = _INSIDE.match(text, start + len(_OPENING))
        if inside is None:
            raise ExpressionError("parsing", _NOT_CLOSED, start + 1)
        raw = inside.group(1)
        expression = raw.strip(WHITE_SPACE)
        if not expression:
            raise ExpressionError("parsing", "An expression was expected", start + 1)
        yield expression, inside.start() + raw.index(expression[0]), start, inside.end()
        start = text.find(_OPENING, inside.end())
