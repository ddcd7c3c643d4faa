"""The syntax of every expression, with the contexts and functions allowed at its place."""

from __future__ import annotations

from collections.abc import Iterator

from workflows import expressions
from workflows.errors import ExpressionError
from workflows.schema import Context

NOT_ALLOWED = "A template expression is not allowed in this context"
_INSERT = "The directive 'insert' is not allowed in this context."
_EMBEDDED = (
    " Directives are not supported for expressions that are embedded within a string."
    " Directives are only supported when the entire value is an expression."
)


def template_problems(text: str, context: Context | None) -> list[str]:
    """What is wrong with the inserts of a text; [] when nothing is."""
    try:
        found = expressions.expressions_in(text)
    except ExpressionError as error:
        return [error.message]
    if found and context is None:
        return [NOT_ALLOWED]
    alone = len(found) == 1 and text.startswith("${{") and text.endswith("}}")
    return [message for inside, _ in found for message in _problems(inside, context, alone=alone)]


def condition_problems(text: str, context: Context | None) -> list[str]:
    """What is wrong with an ``if``, which needs no ``${{ }}``."""
    if "${{" in text:
        messages = template_problems(text, context)
    else:
        messages = list(_problems(text.strip(), context, alone=False))
    return messages or list(_whole(text))


def _problems(expression: str, context: Context | None, *, alone: bool) -> Iterator[str]:
    if expression == "insert":
        yield _INSERT if alone else _INSERT + _EMBEDDED
        return
    if context is None:
        yield NOT_ALLOWED
        return
    try:
        expressions.parse(expression, context.names, context.functions)
    except ExpressionError as error:
        yield error.message


def _whole(text: str) -> Iterator[str]:
    """A text beside inserts becomes one expression, which can be too long or too deep by itself."""
    try:
        expressions.condition(text)
    except ExpressionError as error:
        yield error.message
