"""``parse``: what workflow and action files say, a JSON object for each on a line of its own.

Each line is ``{"file", "errors": [{"line", "column", "message"}], "workflow": {…}}``; of an action file
it has ``action`` instead of ``workflow``. With errors that is null. Lines and columns are 1-based; 0 when
an error has no place. An error at a call inside a called file names that file as its own ``file``.

A file is an action when it is called action.yml or action.yaml, or when it has ``runs`` and neither
``on`` nor ``jobs``; all others are workflows. With ``--called``, every file that a workflow calls must be
given, under the reference that the caller uses.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence

from workflows import parser, source
from workflows.cli import description, files
from workflows.cli.values import as_json
from workflows.errors import Problem

_ACTION = re.compile(r"(?:.*/)?action\.ya?ml")
_IN_FOLDER = re.compile(r"(?:.*/)?\.(?:github|shithub|forge)/workflows/[^/]*")


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0, 1 when a file has errors, 2 when one cannot be read."""
    form = argparse.RawDescriptionHelpFormatter
    command = argparse.ArgumentParser("python -m workflows parse", description=__doc__, formatter_class=form)
    command.add_argument("files", nargs="+", metavar="FILE", help="a workflow or action file; - is standard input")
    command.add_argument("--as", dest="path", metavar="PATH", help="the path that a FILE has in its repository")
    command.add_argument(
        "--called",
        action="append",
        default=[],
        metavar="REF=FILE",
        help="what a called workflow holds, by the name that its callers use",
    )
    asked = command.parse_args(arguments)
    try:
        called = dict(_called(one) for one in asked.called)
    except ValueError as error:
        command.error(str(error))
    except files.Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    status = 0
    for name in asked.files:
        try:
            content = files.content(name)
        except files.Unreadable as error:
            print(error, file=sys.stderr)
            status = 2
            continue
        answer = answer_for(name, content, asked.path or name, called)
        status = max(status, int(bool(answer["errors"])))
        print(json.dumps(answer), flush=True)
    return status


def _called(given: str) -> tuple[str, bytes]:
    reference, equals, name = given.rpartition("=")
    if not equals or not reference or not name:
        raise ValueError(f"--called {given}: REF=FILE was expected, as ./.github/workflows/build.yml=build.yml")
    return reference, files.content(name)


def answer_for(file: str, content: bytes, path: str, called: dict[str, bytes]) -> dict[str, object]:
    """The answer for one file: what is wrong with it, and what it says when nothing is."""
    kind: str
    said: dict[str, object] | None
    if _is_action(path, content):
        action, problems = parser.read_action(content, path)
        kind, said = "action", description.action(action) if action else None
    else:
        workflow, problems = parser.read(content, path, called=parser.Called(called) if called else None)
        kind, said = "workflow", description.workflow(workflow) if workflow else None
    errors = [_error(problem, path) for problem in problems if problem.severity == "error"]
    return {"file": file, "errors": errors, kind: as_json(said)}


def _is_action(path: str, content: bytes) -> bool:
    if _ACTION.fullmatch(path):
        return True
    if _IN_FOLDER.fullmatch(path):
        return False
    root, _ = source.load(content, path)
    keys = {key.text for key, _ in root.entries} if isinstance(root, source.Mapping) else set()
    return "runs" in keys and not keys & {"on", "jobs"}


def _error(problem: Problem, path: str) -> dict[str, object]:
    said = {"line": problem.line, "column": problem.column, "message": problem.message}
    return said if problem.file == path else {**said, "file": problem.file}
