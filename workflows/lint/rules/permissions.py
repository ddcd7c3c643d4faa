"""What GITHUB_TOKEN may do."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.read import get
from workflows.source import Scalar


def _check(document: Document, _: Options) -> Iterator[Found]:
    if document.is_action:
        return
    for holder in (document.root, *(job.node for job in document.jobs)):
        given = get(holder, "permissions")
        if isinstance(given, Scalar) and given.text == "write-all":
            yield Found(given.position, "'write-all' lets every step change everything; name what is needed")


RULES = (
    Rule(
        "write-all",
        "`permissions: write-all`",
        "Every action and script of the job gets a token that may change code, releases and settings alike. Name the"
        " permissions that are needed, and their levels.",
        """\
on: push
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
""",
        _check,
    ),
)
