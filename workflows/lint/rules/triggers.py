"""Filters that let nothing through, and events that never come."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.expressions.ast import Compare, Literal, Node, walk
from workflows.lint.document import Document
from workflows.lint.paths import path_of
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import text_of
from workflows.parser.findings import did_you_mean
from workflows.parser.read import entries, get, texts

_KINDS = ("branches", "tags", "paths")


def _check_filters(document: Document, options: Options) -> Iterator[Found]:
    for _event, filters in entries(get(document.root, "on")):
        for key, value in entries(filters):
            kind, _ignore, rest = text_of(key).partition("-ignore")
            if kind not in _KINDS or rest:
                continue
            patterns = [(pattern, node) for pattern, node in texts(value) if pattern]
            for pattern, node in patterns:
                why = _why_never(kind, pattern.removeprefix("!"))
                if why:
                    yield Found(node.position, f"'{pattern}' never matches: {why}")


def _why_never(kind: str, pattern: str) -> str:
    if kind != "paths":
        is_whole = pattern.startswith(("refs/heads/", "refs/tags/"))
        return f"names of {kind} are compared without 'refs/…/'" if is_whole else ""
    if pattern.startswith(("./", "../", "/")):
        return "paths begin at the root of the repository, without a dot or slash"
    return "it names a folder, and the paths are those of files; add '**'" if pattern.endswith("/") else ""


def _check_events(document: Document, _: Options) -> Iterator[Found]:
    """A called workflow sees the event of whoever called it, which may be any."""
    if document.is_action or not document.events or "workflow_call" in document.events:
        return
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            for expression in document.expressions(holder.get("if"), condition=True):
                for name in _events_asked_for(expression.tree):
                    if name.lower() not in document.events:
                        at = expression.text.find(f"'{name}'")
                        position = document.position(expression.scalar, expression.start + max(at, 0))
                        hint = did_you_mean(name, document.events)
                        message = f"This is never true: the workflow does not run on '{name}'"
                        yield Found(position, f"{message}. {hint}" if hint else message)


def _events_asked_for(tree: Node) -> Iterator[str]:
    for part in walk(tree):
        if isinstance(part, Compare) and part.operator == "==":
            for one, other in ((part.left, part.right), (part.right, part.left)):
                name = other.value if isinstance(other, Literal) else None
                if isinstance(name, str) and path_of(one) == ("github", "event_name"):
                    yield name


RULES = (
    Rule(
        "dead-filter",
        "a pattern of `branches`, `tags` or `paths` that never matches",
        "The workflow does not start, and nothing says so. Branches and tags are compared by their short names, and"
        " paths from the root of the repository, as in `src/**`.",
        """\
on:
  push:
    paths: ['./src/**']
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
""",
        _check_filters,
    ),
    Rule(
        "impossible-event",
        "an `if` that asks for an event on which the workflow does not run",
        "Either the event is missing below `on`, or its name is misspelled. Workflows that others call are let through:"
        " they see the caller's event.",
        """\
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    if: github.event_name == 'pull_requests'
    steps:
      - run: make
""",
        _check_events,
    ),
)
