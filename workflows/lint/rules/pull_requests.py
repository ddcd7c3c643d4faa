"""Code of a stranger's pull request, run with the rights of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.lint import paths
from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.read import get
from workflows.parser.read import text as text_at
from workflows.source import Scalar

_EVENT = "pull_request_target"
#: What names the head of the pull request.
HEADS = frozenset(
    (
        ("github", "head_ref"),
        ("github", "event", "pull_request", "head", "ref"),
        ("github", "event", "pull_request", "head", "sha"),
        ("github", "event", "pull_request", "head", "repo", "full_name"),
        ("github", "event", "pull_request", "merge_commit_sha"),
    )
)
_PULL_REF = re.compile(r"refs/pull/\$\{\{")


def _check(document: Document, _: Options) -> Iterator[Found]:
    if document.is_action or _EVENT not in document.events:
        return
    for job in document.jobs:
        for step in job.steps:
            uses, given = text_at(step.get("uses")) or "", step.get("with")
            if uses.partition("@")[0].lower() != "actions/checkout":
                continue
            for value in (get(given, "ref"), get(given, "repository")):
                if isinstance(value, Scalar) and _names_head(document, value):
                    yield Found(value.position, f"'{_EVENT}' runs with secrets, and this takes the code of a stranger")


def _names_head(document: Document, value: Scalar) -> bool:
    if isinstance(value.value, str) and _PULL_REF.match(value.value):
        return True
    return any(path in HEADS for each in document.expressions(value) for path in paths.all_paths(each.tree))


RULES = (
    Rule(
        "pull-request-target-checkout",
        "`actions/checkout` of the head of a pull request, on `pull_request_target`",
        "The event runs with the secrets and the token of the repository, even for a pull request from a fork; what"
        " is checked out is the fork's, and every script, build file and hook in it is run with them.",
        """\
on: pull_request_target
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with:
          ref: ${{ github.event.pull_request.head.sha }}
      - run: make test
""",
        _check,
    ),
)
