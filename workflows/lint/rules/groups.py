"""Concurrency groups that nobody ever gets."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import text_of
from workflows.parser.read import get
from workflows.source import Node, Scalar


def _group(holder: Node) -> Scalar | None:
    given = get(holder, "concurrency")
    group = given if isinstance(given, Scalar) else get(given, "group")
    return group if isinstance(group, Scalar) and text_of(group) else None


def _check(document: Document, _: Options) -> Iterator[Found]:
    outer = None if document.is_action else _group(document.root)
    for job in document.jobs if outer is not None else ():
        inner = _group(job.node)
        if inner is not None and outer is not None and text_of(inner).lower() == text_of(outer).lower():
            yield Found(inner.position, f"The run itself holds the group '{text_of(inner)}', so this job never gets it")


RULES = (
    Rule(
        "concurrency-deadlock",
        "a job in the same concurrency group as its workflow",
        "The job waits for a group that its own run holds until the job is over.",
        """\
on: push
concurrency: deploy
jobs:
  deploy:
    runs-on: ubuntu-latest
    concurrency: deploy
    steps:
      - run: make deploy
""",
        _check,
    ),
)
