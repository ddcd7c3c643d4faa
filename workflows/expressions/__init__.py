"""GitHub's expression language: what stands between ``${{`` and ``}}``.

``lexer`` makes tokens, ``parser`` a tree (``ast``), ``evaluator`` a value (``values``) with the help of
``functions`` and within a ``budget``; ``template`` knows texts that hold expressions.
Everything that is wrong with an expression is an ``ExpressionError``.
"""

from workflows.expressions.ast import Node, functions_used, named_values
from workflows.expressions.evaluator import evaluate
from workflows.expressions.parser import parse
from workflows.expressions.tables import lay_out
from workflows.expressions.template import (
    STATUS_FUNCTIONS,
    as_expression,
    condition,
    evaluate_value,
    expressions_in,
    is_insert,
    render,
    template_budget,
    uses_function,
)
from workflows.expressions.trace import Say, evaluate_traced
from workflows.expressions.values import CaseSensitive, Kind, Value, kind, to_text, truthy

__all__ = [
    "STATUS_FUNCTIONS",
    "CaseSensitive",
    "Kind",
    "Node",
    "Say",
    "Value",
    "as_expression",
    "condition",
    "evaluate",
    "evaluate_traced",
    "evaluate_value",
    "expressions_in",
    "functions_used",
    "is_insert",
    "kind",
    "lay_out",
    "named_values",
    "parse",
    "render",
    "template_budget",
    "to_text",
    "truthy",
    "uses_function",
]
