"""Values of a matrix that it does not have."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document, Job
from workflows.lint.paths import all_paths
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import did_you_mean
from workflows.parser.read import entries, get
from workflows.source import Mapping, Node, Sequence


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs if not document.is_action else ():
        known = _keys(job)
        if known is None:
            continue
        for holder in (job.node, *job.steps):
            for key, value in holder.entries:
                if key.text not in ("steps", "parallel"):
                    yield from _unknown(document, job, value, known, condition=key.text == "if")


def _unknown(document: Document, job: Job, node: Node, known: set[str], *, condition: bool) -> Iterator[Found]:
    for expression in document.expressions(node, condition=condition):
        for path in all_paths(expression.tree):
            if path[0] != "matrix" or len(path) < 2 or path[1] in ("*", "?") or path[1] in known:
                continue
            why = f"the matrix has no '{path[1]}'" if known else f"the job '{job.id}' has no matrix"
            hint = did_you_mean(path[1], known)
            message = f"'matrix.{path[1]}' is nothing: {why}"
            yield Found(document.place(expression, path[:2]), f"{message}. {hint}" if hint else message)


def _keys(job: Job) -> set[str] | None:
    """The keys that the legs can have; None when only a run will tell."""
    strategy = job.get("strategy")
    matrix = get(strategy, "matrix")
    for node in (strategy, matrix):
        if node is not None and (not isinstance(node, Mapping) or any(is_expression(key) for key, _ in node.entries)):
            return None
    found: set[str] = set()
    for key, value in entries(matrix):
        if text_of(key) == "include":
            for item in value.items if isinstance(value, Sequence) else (value,):
                if not isinstance(item, Mapping) or any(is_expression(name) for name, _ in item.entries):
                    return None
                found |= {text_of(name).lower() for name, _ in item.entries}
        elif text_of(key) != "exclude":
            found.add(text_of(key).lower())
    return found


RULES = (
    Rule(
        "unknown-matrix-key",
        "`matrix.x` where no leg of the matrix has an `x`",
        "It is nothing, in every leg. Matrices that an expression makes are let through.",
        """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ['3.11', '3.12']
    steps:
      - run: make test PYTHON=${{ matrix.version }}
""",
        _check,
    ),
)
