"""The syntax of every expression, with the contexts and functions allowed at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from workflows import expressions
from workflows.errors import ExpressionError
from workflows.schema import Context

NOT_ALLOWED = "A template expression is not allowed in this context"
_EMBEDDED = (
    "The directive 'insert' is not allowed in this context."
    " Directives are not supported for expressions that are embedded within a string."
    " Directives are only supported when the entire value is an expression."
)
_PARAMETERS = "Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: {}"
#: Aliases can repeat a text often. Longer ones than any expression may be are refused fast.
_CACHED_LENGTH = 22_000
_CONSTANT = re.compile(r"\$\{\{\s*'([^']*(?:''[^']*)*)'\s*\}\}")


def constant(text: str) -> str | None:
    """The text that ``${{ 'text' }}`` stands for; None for what has to be evaluated."""
    found = _CONSTANT.fullmatch(text)
    if found is None or "${{" in found.group(1):
        return None
    return found.group(1).replace("''", "'")


def template_problems(text: str, context: Context | None) -> tuple[str, ...]:
    """What is wrong with the inserts of a text; () when nothing is."""
    return _cached_template(text, context) if len(text) <= _CACHED_LENGTH else _template(text, context)


def _template(text: str, context: Context | None) -> tuple[str, ...]:
    if expressions.is_insert(text):
        return ("Unexpected value '${{ insert }}'",)
    try:
        found = expressions.expressions_in(text)
    except ExpressionError as error:
        return (error.message,)
    messages = tuple(message for inside, _ in found for message in _problems(inside, context))
    return messages or ((NOT_ALLOWED,) if found and context is None else ())


def condition_problems(text: str, context: Context | None) -> tuple[str, ...]:
    """What is wrong with an ``if``, which needs no ``${{ }}``."""
    return _cached_condition(text, context) if len(text) <= _CACHED_LENGTH else _condition(text, context)


def _condition(text: str, context: Context | None) -> tuple[str, ...]:
    if "${{" not in text:
        return tuple(_problems(text.strip(), context))
    return template_problems(text, context) or tuple(_whole(text))


_cached_template = lru_cache(maxsize=512)(_template)
_cached_condition = lru_cache(maxsize=512)(_condition)


def _problems(expression: str, context: Context | None) -> Iterator[str]:
    if expression.startswith("insert"):
        parameters = expression.split()
        if parameters[0] == "insert":
            yield _EMBEDDED if len(parameters) == 1 else _PARAMETERS.format(len(parameters) - 1)
            return
    try:
        if context is None:
            expressions.parse(expression, ())
        else:
            expressions.parse(expression, context.names, context.functions)
    except ExpressionError as error:
        yield error.message


def _whole(text: str) -> Iterator[str]:
    """A text beside inserts becomes one expression, which can be too long or too deep by itself."""
    try:
        expressions.condition(text)
    except ExpressionError as error:
        yield error.message
