"""Secrets that a script prints."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from workflows.lint import paths
from workflows.lint.document import Document, Expression
from workflows.lint.rule import Found, Options, Rule
from workflows.source import Scalar

_LINE = re.compile(r"[^\n]+")
_PRINTS = re.compile(r"\s*(?:echo|printf|Write-Host|Write-Output|Write-Information)\s", re.IGNORECASE)
_INSERT = re.compile(r"\$\{\{[^{}]*\}\}")
#: What takes the output elsewhere, makes it part of something else, or hides it.
_ELSEWHERE = re.compile(r"[|>`&;]|\$\(|::add-mask::|\\$")
#: The end of a group or loop whose output goes elsewhere, or a text over several lines.
_GROUP = re.compile(r"^[ \t]*(?:\}|\)|done|fi|esac)\s*[0-9]?[|>]|<<", re.MULTILINE)


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        for step in job.steps:
            run = step.get("run")
            if not isinstance(run, Scalar) or not isinstance(run.value, str) or _GROUP.search(run.value):
                continue
            printing = _printing_lines(run.value)
            for expression in document.expressions(run):
                path = _secret(expression)
                if path and any(begin <= expression.start < end for begin, end in _near(printing, expression.start)):
                    said = ".".join(path)
                    yield Found(
                        document.position(run, expression.start),
                        f"The script prints '{said}'; what is masked in the log can still be read in other forms",
                    )


def _secret(expression: Expression) -> paths.Path | None:
    for path, _ in paths.shown_paths(expression.tree):
        if path[0] == "secrets" or path == ("github", "token"):
            return path
    return None


def _printing_lines(script: str) -> list[tuple[int, int]]:
    """Where the lines begin and end that do nothing but print."""
    found = []
    continued = False
    for line in _LINE.finditer(script):
        if not continued and _PRINTS.match(line.group()):
            bare = _INSERT.sub("", line.group()).rstrip("\r")
            if not (bare.count('"') % 2 or bare.count("'") % 2 or _ELSEWHERE.search(bare)):
                found.append(line.span())
        continued = line.group().rstrip("\r").endswith("\\")
    return found


def _near(spans: list[tuple[int, int]], place: int) -> list[tuple[int, int]]:
    """The one span that can hold a place."""
    index = bisect_right(spans, (place, place))
    return spans[max(index - 1, 0) : index + 1]


RULES = (
    Rule(
        "printed-secret",
        "a secret that `echo`, `printf` or `Write-Host` writes to the log",
        "The log masks the secret's own text and its usual encodings, no other form of it, and whoever may read the"
        " log may try. A secret that goes into a file or another program is let through.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ secrets.DEPLOY_KEY }}"
""",
        _check,
    ),
)
