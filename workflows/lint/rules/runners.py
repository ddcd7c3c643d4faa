"""Labels of runners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from workflows.lint.document import Document, Job
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import did_you_mean
from workflows.parser.read import get, texts
from workflows.source import Mapping, Node, Scalar, Sequence

_KNOWN = """
    self-hosted linux windows macos x86 x64 arm arm64
    ubuntu-latest ubuntu-slim ubuntu-22.04 ubuntu-22.04-arm ubuntu-24.04 ubuntu-24.04-arm ubuntu-26.04 ubuntu-26.04-arm
    windows-latest windows-2022 windows-2025 windows-2025-vs2026 windows-11-arm
    macos-latest macos-latest-large macos-latest-xlarge macos-14 macos-14-large macos-14-xlarge
    macos-15 macos-15-intel macos-15-large macos-15-xlarge macos-26 macos-26-intel macos-26-large macos-26-xlarge
"""
_REMOVED = """
    ubuntu-16.04 ubuntu-18.04 ubuntu-20.04 windows-2016 windows-2019
    macos-10.15 macos-11 macos-11.0 macos-12 macos-12-large macos-12-xlarge macos-13 macos-13-large macos-13-xlarge
"""
#: The labels that every runner has, and those of GitHub's own runners.
KNOWN = frozenset(_KNOWN.split())
#: What GitHub once offered and took away.
REMOVED = frozenset(_REMOVED.split())
_MATRIX_KEY = re.compile(r"\$\{\{\s*matrix\.([A-Za-z_][\w-]*)\s*\}\}")


def _check(document: Document, options: Options) -> Iterator[Found]:
    for job in () if document.is_action else document.jobs:
        runs_on = job.get("runs-on")
        if isinstance(runs_on, Mapping) and runs_on.get("group") is not None:
            continue
        labels = list(_labels(job, runs_on))
        if any(text_of(label).lower() == "self-hosted" for label in labels):
            continue
        for label in labels:
            message = _problem(text_of(label), options)
            if message:
                yield Found(label.position, message)


def _problem(label: str, options: Options) -> str:
    name = label.lower()
    if not name or name in KNOWN or any(fnmatchcase(name, pattern.lower()) for pattern in options.labels):
        return ""
    if name in REMOVED:
        return f"GitHub no longer has runners with the label '{label}'"
    hint = did_you_mean(label, [*KNOWN, *(each for each in options.labels if "*" not in each)])
    return f"No runner is known to have the label '{label}'" + (f". {hint}" if hint else "")


def _labels(job: Job, runs_on: Node | None) -> Iterator[Scalar]:
    """The labels that are written out, those of a matrix among them."""
    if isinstance(runs_on, Mapping):
        runs_on = runs_on.get("labels")
    for _, label in texts(runs_on):
        if not is_expression(label):
            yield label
            continue
        of_matrix = _MATRIX_KEY.fullmatch(text_of(label).strip())
        if of_matrix:
            yield from _values(get(job.get("strategy"), "matrix"), of_matrix.group(1))


def _values(matrix: Node | None, name: str) -> Iterator[Scalar]:
    """The texts of a matrix vector and of what ``include`` adds to it."""
    vector, included = get(matrix, name), get(matrix, "include")
    found = list(vector.items) if isinstance(vector, Sequence) else []
    for item in included.items if isinstance(included, Sequence) else ():
        value = get(item, name)
        found += [value] if value is not None else []
    for value in found:
        items = value.items if isinstance(value, Sequence) else [value]
        if any(isinstance(item, Scalar) and item.text.lower() == "self-hosted" for item in items):
            continue
        yield from (item for item in items if isinstance(item, Scalar) and not is_expression(item))


RULES = (
    Rule(
        "runner-label",
        "a label in `runs-on`, or in the matrix that it takes it from, that no runner is known to have",
        "The job would wait until it is given up. Known are the labels that every runner has and those of GitHub's"
        " own runners; name your own with `--label`. Beside `self-hosted`, and in a group, every label is taken for"
        " one of yours.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-lastest
    steps:
      - run: make
""",
        _check,
    ),
)
