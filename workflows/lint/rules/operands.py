"""Operands that decide a condition by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.expressions.ast import Literal, Logical, Node, named_values
from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            for expression in document.expressions(holder.get("if"), condition=True):
                text = _true_text(expression.tree)
                if text and named_values(expression.tree):
                    at = expression.text.find("'" + text.replace("'", "''") + "'")
                    position = document.position(expression.scalar, expression.start + max(at, 0))
                    yield Found(position, f"The condition is always true: '{text}' by itself is; compare it too")


def _true_text(node: Node) -> str:
    """A text that makes a condition true as one side of its ``||``; "" for none.

    In ``a && 'x' || 'y'`` every text is a value to choose from, which a condition does not need either.
    """
    if not isinstance(node, Logical) or node.operator != "||":
        return ""
    for operand in node.operands:
        if isinstance(operand, Literal) and isinstance(operand.value, str) and operand.value:
            return operand.value
    return ""


RULES = (
    Rule(
        "text-as-condition",
        "an `if` with a mere text on one side of `||`",
        "A text that is not empty counts as true. `github.ref_name == 'main' || 'next'` does not compare `'next'` with"
        " anything; write `github.ref_name == 'main' || github.ref_name == 'next'`.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    if: github.ref_name == 'main' || 'next'
    steps:
      - run: make
""",
        _check,
    ),
)
