"""Outputs that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.paths import Path, all_paths
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression, text_of
from workflows.source import Mapping

_COMPUTED = ("*", "?")


def _check(document: Document, options: Options) -> Iterator[Found]:
    if document.is_action or not any(job.get("outputs") for job in document.jobs):
        return
    read = {path for path in _every_path(document) if path[0] in ("needs", "jobs")}
    if any(len(path) == 1 or path[1] in _COMPUTED for path in read):
        return
    by_job: dict[str, set[Path]] = {}
    for path in read:
        by_job.setdefault(path[1], set()).add(path[2:])
    for job in document.jobs:
        outputs, of_job = job.get("outputs"), by_job.get(job.id.lower(), set())
        if not isinstance(outputs, Mapping) or any(map(_takes_all, of_job)):
            continue
        names = {path[1] for path in of_job if len(path) > 1}
        own = {text_of(key).lower() for key, _ in outputs.entries}
        if names - own:
            continue  # one that is read is misspelled, which another rule says
        for key, _ in outputs.entries:
            if not is_expression(key) and text_of(key).lower() not in names:
                yield Found(key.position, f"Nobody reads the output '{text_of(key)}' of the job '{job.id}'")


def _takes_all(path: Path) -> bool:
    """``needs.x`` as a whole, or all its outputs."""
    return not path or path[0] in _COMPUTED or path == ("outputs",) or (len(path) > 1 and path[1] in _COMPUTED)


def _every_path(document: Document) -> Iterator[Path]:
    for expression in document.expressions(document.root):
        yield from all_paths(expression.tree)
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            for expression in document.expressions(holder.get("if"), condition=True):
                yield from all_paths(expression.tree)


RULES = (
    Rule(
        "unused-output",
        "an output of a job that no job that needs it reads, and no `workflow_call` hands on",
        "It is left over, or misspelled where it should be read.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: ${{ steps.build.outputs.version }}
    steps:
      - id: build
        run: make
""",
        _check,
    ),
)
