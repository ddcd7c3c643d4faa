"""The official cases of the workflow reader: the verdict on each, the words and places of its errors, and all
that its expected data says of the structure, called workflows included.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows import conformance, reader_json
from workflows import parser
from workflows.errors import Problem
from workflows.expressions import condition, render, to_text
from workflows.model import Workflow
from workflows.source import Limits

#: Where we differ on purpose.
ON_PURPOSE = {
    "errors-anchor-tag": "anchors are allowed, as GitHub allows them by now",
    "errors-reusable-workflow-max-result-size": "we bound files and jobs, not the memory of GitHub's own parser",
}
#: What GITHUB_TOKEN may do where nothing is said, by the name of the policy.
_POLICIES = {"LimitedRead": {"contents": "read", "packages": "read"}, "LimitedWrite": None, "Write": None}
#: Their ``write-all`` is older than some permissions that the official schema has by now.
NEWER_PERMISSIONS = (
    "reusable-workflow-job-permissions-embedded-permissions",
    "reusable-workflow-job-permissions-embedded-permissions-after-jobs",
)
_MESSAGE = re.compile(r"(?:.*?\.ya?ml(?:@[^ ]*)?(?: \(Line: (\d+), Col: (\d+)\))?: )?(.*)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    name: str
    workflow: Workflow | None
    problems: tuple[Problem, ...]
    expected: dict[str, Any]

    @property
    def errors(self) -> list[Problem]:
        return [found for found in self.problems if found.severity == "error"]


def _read(path: Path) -> Case:
    documents = re.split(r"\r?\n---\r?\n", path.read_bytes().decode())
    options = yaml.safe_load(documents[0]) or {}
    limits = Limits(depth=options.get("max-depth", 50), bytes=options.get("max-file-size", 500_000))
    called = None
    if "reusable" in path.name and not options.get("skip-reusable-workflows"):
        called = parser.Called(
            {name.strip(): text for name, text in zip(documents[2:-1:2], documents[3:-1:2], strict=True)},
            allowed=_POLICIES[options.get("permissions-policy", "Write")],
            depth=options.get("max-nested-reusable-workflows-depth", 9),
        )
    workflow, problems = parser.read(documents[1], f".github/workflows/{path.name}", limits, called)
    return Case(path.stem, workflow, problems, json.loads(documents[-1]))


_PATHS = conformance.files("workflow-reader/reader", "*.yml")
_ERRORS = [path for path in _PATHS if path.name.startswith("err") and path.stem not in ON_PURPOSE]
_STRUCTURES = [path for path in _PATHS if '"jobs": [' in path.read_text(encoding="utf-8")]


def test_the_official_cases_are_there() -> None:
    conformance.require("workflow-reader/reader", "*.yml", 128)
    assert len(_ERRORS) >= 50
    assert len(_STRUCTURES) >= 74


@pytest.mark.parametrize("path", _PATHS, ids=lambda path: path.stem)
def test_verdict(path: Path) -> None:
    case = _read(path)
    refused = "errors" in case.expected and case.name not in ON_PURPOSE
    assert bool(case.errors) == refused, list(map(str, case.errors))


def _wanted(case: Case) -> list[tuple[str, str, str]]:
    errors = (_MESSAGE.match(error["Message"]) for error in case.expected["errors"])
    return [match.groups() for match in errors if match]


@pytest.mark.parametrize("path", _ERRORS, ids=lambda path: path.stem)
def test_words_and_places(path: Path) -> None:
    case = _read(path)
    wanted = _wanted(case)
    assert sorted(message for _, _, message in wanted) == sorted(found.message for found in case.errors)
    placed = {(int(line), int(column)) for line, column, _ in wanted if line}
    if placed:  # those of the scanner have no place in the official cases; ours have one
        assert placed == {(found.line, found.column) for found in case.errors}


def _same(ours: Any, theirs: Any, at: str) -> None:
    """Equal, where what is constant may be worked out; mappings of the author in the same order."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), at
        assert list(ours) == list(theirs), at
        for key, value in theirs.items():
            _same(ours[key], value, f"{at}.{key}")
    elif isinstance(theirs, list):
        assert isinstance(ours, list | tuple), at
        assert len(ours) == len(theirs), at
        for number, (one, value) in enumerate(zip(ours, theirs, strict=True)):
            _same(one, value, f"{at}[{number}]")
    elif isinstance(ours, str) and "${{" in ours and ours != theirs:
        assert render(ours, {}) == theirs, at
    elif isinstance(ours, float) and isinstance(theirs, str):  # JSON has no infinity
        assert to_text(ours) == theirs, at
    else:
        assert ours == theirs or str(ours) == theirs, at


#: What says nothing; and short forms as the long form that they stand for.
_DEFAULTS = {
    "jobs": [],
    "continue-on-error": False,
    "if": "${{ success() }}",
    "needs": [],
    "queue": "single",
    "environment": "",
}
_ON = {"environment": "deployment", "strategy": "fail-fast"}
_SHORT = {"concurrency": "group", "environment": "name", "container": "image"}


def _tidy(theirs: dict[str, Any]) -> dict[str, Any]:
    """Expected data of a workflow, a job or a step, without what says nothing, short forms written out."""
    tidied = {}
    for key, value in theirs.items():
        if key in ("jobs", "steps", "parallel"):
            value = [_tidy(one) for one in value]
        elif key in _SHORT and isinstance(value, str) and value:
            value = {_SHORT[key]: value}
        elif key == "runs-on" and isinstance(value, str) and "${{" not in value:
            value = [value]
        elif key in _ON and isinstance(value, dict):
            value = {name: said for name, said in value.items() if name != _ON[key] or said is not True}
        elif key == "snapshot" and "if" in value:
            value = {**value, "if": condition(value["if"])}
        if key == "if" or value not in (_DEFAULTS.get(key), None):
            tidied[key] = value
    return tidied


def _check_known(ours: dict[str, Any], theirs: dict[str, Any], at: str) -> None:
    """Two mappings with the keys of the language, in whatever order."""
    assert set(ours) == set(theirs), at
    for key, value in theirs.items():
        if key in ("jobs", "steps", "parallel"):
            for number, (one, other) in enumerate(zip(ours[key], value, strict=True)):
                _check_known(one, other, f"{at}.{key}[{number}]")
        elif key in ("strategy", "concurrency", "environment", "container", "defaults", "snapshot"):
            _same(dict(sorted(ours[key].items())), dict(sorted(value.items())), f"{at}.{key}")
        elif key in ("services", "input-definitions", "secret-definitions") or (key == "outputs" and "ref" in theirs):
            _check_each(ours[key], value, f"{at}.{key}")
        else:
            _same(ours[key], value, f"{at}.{key}")


def _check_each(ours: dict[str, Any], theirs: dict[str, Any], at: str) -> None:
    """Mappings of the author with keys of the language in each."""
    assert list(ours) == list(theirs), at
    for name, one in theirs.items():
        _same(dict(sorted((ours[name] or {}).items())), dict(sorted((one or {}).items())), f"{at}.{name}")


@pytest.mark.parametrize("path", _STRUCTURES, ids=lambda path: path.stem)
def test_structure(path: Path) -> None:
    case = _read(path)
    assert case.workflow is not None
    theirs = _tidy(reader_json.plain(case.expected))
    ours = reader_json.workflow(case.workflow)
    for beside in ("events", "file-table"):
        theirs.pop(beside, None)
    if case.name in NEWER_PERMISSIONS:
        ours["permissions"] = {name: ours["permissions"].pop(name) for name in theirs["permissions"]}
    _check_known(ours, theirs, case.name)


@pytest.mark.parametrize("path", [path for path in _STRUCTURES if '"events"' in path.read_text()], ids=lambda p: p.stem)
def test_events(path: Path) -> None:
    case = _read(path)
    assert case.workflow is not None
    ours = {trigger.event: reader_json.event(trigger) for trigger in case.workflow.on}
    for event in case.expected["events"].values():
        for one in event.get("inputs", {}).values():
            if isinstance(one.get("default"), bool):
                one["default"] = str(one["default"]).lower()  # ours is text
    assert ours == case.expected["events"]
