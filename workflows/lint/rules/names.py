"""Names that two things have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression
from workflows.parser.read import text as text_at
from workflows.source import Mapping, Scalar


def _check(document: Document, _: Options) -> Iterator[Found]:
    if not document.is_action:
        yield from _twice((job.node for job in document.jobs), "job")
    for job in document.jobs:
        yield from _twice(job.steps, "step")


def _twice(holders: Iterable[Mapping], what: str) -> Iterator[Found]:
    """Things with the name of an earlier one, under the same condition."""
    seen: dict[tuple[str, str], int] = {}
    for holder in holders:
        name, condition = holder.get("name"), text_at(holder.get("if")) or ""
        if not isinstance(name, Scalar) or is_expression(name) or not name.text.strip():
            continue
        first = seen.setdefault((name.text, condition), name.line)
        if first != name.line:
            yield Found(name.position, f"The {what} in line {first} has the same name, '{name.text}'")


RULES = (
    Rule(
        "duplicate-name",
        "two jobs of a workflow, or two steps of a job, with the same name",
        "In the list of runs, in required checks and in the log nobody can tell them apart. Where their conditions"
        " differ, so that only one of them runs, it is let through.",
        """\
on: push
jobs:
  unit:
    name: Test
    runs-on: ubuntu-latest
    steps:
      - run: make unit
  integration:
    name: Test
    runs-on: ubuntu-latest
    steps:
      - run: make integration
""",
        _check,
    ),
)
