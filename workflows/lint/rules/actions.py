"""Actions: by which version they are taken, and what they need to run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression
from workflows.parser.identifiers import repository_action
from workflows.parser.read import get
from workflows.parser.read import text as text_at
from workflows.source import Scalar

_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_MAJOR = re.compile(r"v?([0-9]{1,4})(?:\.[0-9]+)*")
#: Versions of Node.js that runners no longer have.
REMOVED_NODES = ("node12", "node16")
#: By action, the last major version that needs a removed Node.js.
LAST_WITH_REMOVED_NODE = {
    "actions/cache": 3,
    "actions/checkout": 3,
    "actions/configure-pages": 3,
    "actions/create-release": 1,
    "actions/dependency-review-action": 3,
    "actions/download-artifact": 3,
    "actions/github-script": 6,
    "actions/labeler": 4,
    "actions/setup-dotnet": 3,
    "actions/setup-go": 4,
    "actions/setup-java": 3,
    "actions/setup-node": 3,
    "actions/setup-python": 4,
    "actions/stale": 8,
    "actions/upload-artifact": 3,
    "actions/upload-release-asset": 1,
    "codecov/codecov-action": 3,
    "docker/build-push-action": 4,
    "docker/login-action": 2,
    "docker/metadata-action": 4,
    "docker/setup-buildx-action": 2,
    "docker/setup-qemu-action": 2,
    "peaceiris/actions-gh-pages": 3,
    "softprops/action-gh-release": 1,
}


def _used(document: Document) -> Iterator[tuple[Scalar, str, str]]:
    """Every action of another repository: the node, owner/name in lower case, and the version."""
    for job in document.jobs:
        for step in job.steps:
            uses = step.get("uses")
            text = text_at(uses) or ""
            if not isinstance(uses, Scalar) or is_expression(uses) or text.startswith(("./", ".\\", "$/", "docker://")):
                continue
            parts = repository_action(text)
            if parts:
                yield uses, "/".join(parts[:2]).lower(), parts[-1]


def _check_pinned(document: Document, _: Options) -> Iterator[Found]:
    for uses, name, version in _used(document):
        if not name.startswith("actions/") and not _COMMIT.fullmatch(version):
            message = f"'{version}' of {name} can become something else at any time; name the full commit"
            yield Found(document.position(uses, uses.text.find("@") + 1), message)


def _check_node(document: Document, _: Options) -> Iterator[Found]:
    if document.is_action:
        using = get(get(document.root, "runs"), "using")
        if isinstance(using, Scalar) and using.text.lower() in REMOVED_NODES:
            yield Found(using.position, f"Runners no longer have {using.text}; say node20 or node24")
    for uses, name, version in _used(document):
        major = _MAJOR.fullmatch(version)
        last = LAST_WITH_REMOVED_NODE.get(name, -1)
        if major and int(major.group(1)) <= last:
            message = f"{name} {version} needs a Node.js that runners no longer have; take v{last + 1} or later"
            yield Found(uses.position, message)


RULES = (
    Rule(
        "unpinned-action",
        "an action of somebody else that is not named by a full commit",
        "Whoever can move the tag or branch decides what runs with your secrets. Actions of the own repository (`./`)"
        " and those of `actions/` are let through.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: octo-org/deploy@v2
""",
        _check_pinned,
    ),
    Rule(
        "removed-node",
        "an action that needs Node.js 12 or 16: `runs.using` of an action file, or a version known to say so",
        "GitHub's runners no longer have them and run such an action with a later one, for which it was not made.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v2
""",
        _check_node,
    ),
)
