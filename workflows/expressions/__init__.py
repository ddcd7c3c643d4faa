"""GitHub's expression language: what stands between ``${{`` and ``}}``.

``lexer`` makes tokens, ``parser`` a tree (``ast``), ``evaluator`` a value (``values``) with the help of
``functions`` and within a ``budget``; ``template`` knows texts that hold expressions.
Everything that is wrong with an expression is an ``ExpressionError``.
"""

from workflows.expressions.ast import Node, functions_used, named_values
from workflows.expressions.evaluator import evaluate
from workflows.expressions.parser import parse
from workflows.expressions.template import (
    STATUS_FUNCTIONS,
    condition,
    evaluate_value,
    expressions_in,
    is_insert,
    render,
    uses_function,
)
from workflows.expressions.values import CaseSensitive, Kind, Value, kind, to_text, truthy

__all__ = [
    "STATUS_FUNCTIONS",
    "CaseSensitive",
    "Kind",
    "Node",
    "Value",
    "condition",
    "evaluate",
    "evaluate_value",
    "expressions_in",
    "functions_used",
    "is_insert",
    "kind",
    "named_values",
    "parse",
    "render",
    "to_text",
    "truthy",
    "uses_function",
]
