"""Secrets that a script prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.lint import paths
from workflows.lint.document import Document, Expression
from workflows.lint.rule import Found, Options, Rule
from workflows.source import Scalar

_PRINTS = re.compile(r"\s*(?:echo|printf|Write-Host|Write-Output|Write-Information)\s", re.IGNORECASE)
_INSERT = re.compile(r"\$\{\{[^}]*\}\}")
#: What takes the output elsewhere, makes it part of something else, or hides it.
_ELSEWHERE = re.compile(r"[|>`&;]|\$\(|::add-mask::|\\$")
#: The end of a group or loop whose output goes elsewhere, or a text over several lines.
_GROUP = re.compile(r"^\s*(?:\}|\)|done|fi|esac)\s*[0-9]?[|>]|<<", re.MULTILINE)


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        for step in job.steps:
            run = step.get("run")
            if not isinstance(run, Scalar) or not isinstance(run.value, str) or _GROUP.search(run.value):
                continue
            for expression in document.expressions(run):
                path = _secret(expression)
                if path and _is_printed(run.value, expression):
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


def _is_printed(script: str, expression: Expression) -> bool:
    begin = script.rfind("\n", 0, expression.start) + 1
    end = script.find("\n", expression.end)
    line = script[begin : end if end >= 0 else len(script)].rstrip("\r")
    before = script[:begin].rstrip("\r\n")
    bare = _INSERT.sub("", line)
    quoted = bare.count('"') % 2 or bare.count("'") % 2
    return bool(_PRINTS.match(line)) and not quoted and not _ELSEWHERE.search(bare) and not before.endswith("\\")


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
