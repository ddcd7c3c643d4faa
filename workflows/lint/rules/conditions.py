"""Conditions that are always the same."""

from __future__ import annotations

from collections.abc import Iterator

from workflows import expressions
from workflows.errors import ExpressionError
from workflows.expressions.ast import Literal, functions_used, named_values
from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.source import Node, Scalar

_OF_THE_RUN = frozenset(name.lower() for name in (*expressions.STATUS_FUNCTIONS, "hashFiles"))


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            condition = holder.get("if")
            message = _problem(document, condition)
            if message and condition is not None:
                yield Found(condition.position, message)


def _problem(document: Document, condition: Node | None) -> str:
    if not isinstance(condition, Scalar) or not isinstance(condition.value, str):
        return ""
    found = list(document.expressions(condition, condition=True))
    if "${{" in condition.value and found and not _stands_alone(condition.value):
        if _stands_alone(condition.value.strip()):
            return "The condition is always true: its text ends or begins with white space outside '${{ }}'"
        return "The condition is always true: it is a text, since something stands beside '${{ }}'"
    if len(found) != 1:
        return ""
    tree = found[0].tree
    if named_values(tree) or functions_used(tree) & _OF_THE_RUN or _is_switch(tree):
        return ""
    try:
        value = expressions.truthy(expressions.evaluate(tree, {}))
    except ExpressionError:
        return ""
    return f"The condition is always {'true' if value else 'false'}: nothing in it can change"


def _stands_alone(text: str) -> bool:
    """Whether one expression is all of the text."""
    try:
        [(expression, _)] = expressions.expressions_in(text)
    except (ExpressionError, ValueError):
        return False
    inside = text.removeprefix("${{").removesuffix("}}")
    return text.startswith("${{") and text.endswith("}}") and inside.strip() == expression


def _is_switch(tree: expressions.Node) -> bool:
    """A bare true or false, with which one switches something off for a while, and knows it."""
    return isinstance(tree, Literal) and isinstance(tree.value, bool)


RULES = (
    Rule(
        "constant-condition",
        "an `if` that is always true, or always false, whatever happens",
        "An expression with text beside it becomes a text, and a text that is not empty is true:"
        " `${{ a }} && ${{ b }}`, or a `${{ }}` in a block (`|`), which ends with a line end. Write the whole"
        " condition inside one `${{ }}`, or without any. A bare `true` or `false` is let through.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    if: ${{ github.ref == 'refs/heads/main' }} && ${{ github.actor != 'bot' }}
    steps:
      - run: make
""",
        _check,
    ),
)
