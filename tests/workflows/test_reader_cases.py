"""The official cases of the workflow reader: the verdict of each, and the words and places of its errors.

A file that only uses what Forge does not support yet counts as read; files of several documents, which
need called workflows, are left to the tests of those.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows import conformance
from workflows import parser
from workflows.errors import Problem
from workflows.expressions import render
from workflows.model import Step, Workflow
from workflows.source import Limits

#: Where we differ on purpose.
ON_PURPOSE = {"errors-anchor-tag.yml": "anchors are allowed, as GitHub allows them by now"}
_UNSUPPORTED = "is not supported by Forge yet"
_MESSAGE = re.compile(r".*?\.ya?ml(?: \(Line: (\d+), Col: (\d+)\))?: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Case:
    name: str
    workflow: Workflow | None
    problems: tuple[Problem, ...]
    expected: dict[str, Any]

    @property
    def errors(self) -> list[Problem]:
        return [found for found in self.problems if found.severity == "error" and _UNSUPPORTED not in found.message]


def _read(path: Path) -> Case:
    documents = re.split(r"\r?\n---\r?\n", path.read_bytes().decode())
    options = yaml.safe_load(documents[0]) or {}
    limits = Limits(depth=options.get("max-depth", 50), bytes=options.get("max-file-size", 500_000))
    workflow, problems = parser.read(documents[1], f".github/workflows/{path.name}", limits)
    return Case(path.name, workflow, problems, json.loads(documents[-1]))


_PATHS = [path for path in conformance.files("workflow-reader/reader", "*.yml") if "reusable" not in path.name]


def test_the_official_cases_are_there() -> None:
    conformance.require("workflow-reader/reader", "*.yml", 128)
    assert len(_PATHS) >= 89


@pytest.mark.parametrize("path", _PATHS, ids=[path.stem for path in _PATHS])
def test_verdict(path: Path) -> None:
    case = _read(path)
    if path.name in ON_PURPOSE:
        assert not case.errors, ON_PURPOSE[path.name]
        return
    assert bool(case.errors) == ("errors" in case.expected), [str(found) for found in case.errors]


@pytest.mark.parametrize("path", [path for path in _PATHS if path.name.startswith("err")], ids=lambda path: path.stem)
def test_words_and_places(path: Path) -> None:
    if path.name in ON_PURPOSE:
        return
    case = _read(path)
    wanted = [match.groups() for error in case.expected["errors"] if (match := _MESSAGE.match(error["Message"]))]
    assert sorted(message for _, _, message in wanted) == sorted(found.message for found in case.errors)
    placed = {(int(line), int(column)) for line, column, _ in wanted if line}
    if placed:  # those of the scanner have no place in the official cases; ours have one
        assert placed == {(found.line, found.column) for found in case.errors}


def _plain(token: Any) -> Any:
    """A template token as plain data; an expression as ``${{ text }}``."""
    if not isinstance(token, dict):
        return token
    kind = token.get("type", 0)
    if kind == 1:
        return [_plain(item) for item in token["seq"]]
    if kind == 2:
        return {_plain(entry["Key"]): _plain(entry["Value"]) for entry in token["map"]}
    if kind == 3:
        return f"${{{{ {token['expr']} }}}}"
    return next((token[name] for name in ("lit", "bool", "num") if name in token), None)


def _same(ours: Any, theirs: Any) -> bool:
    """Equal, where theirs is no expression; GitHub works out those that are constant."""
    if isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(_same(ours[key], value) for key, value in theirs.items())
    if isinstance(ours, str) and "${{" in ours:
        return "${{" in str(theirs) or render(ours, {}) == theirs
    return bool(ours == theirs)


@pytest.mark.parametrize("path", _PATHS, ids=[path.stem for path in _PATHS])
def test_structure(path: Path) -> None:
    case = _read(path)
    if case.workflow is None or "jobs" not in case.expected:
        return
    wanted_jobs = case.expected["jobs"]
    assert [job.id for job in case.workflow.jobs] == [_plain(wanted["id"]) for wanted in wanted_jobs]
    assert _same(case.workflow.env, _plain(case.expected.get("env")) or {})
    for job, wanted in zip(case.workflow.jobs, wanted_jobs, strict=True):
        assert job.if_ == wanted["if"]["expr"]
        assert list(job.needs) == [_plain(need) for need in wanted.get("needs", [])]
        assert _same(job.name or job.id, _plain(wanted["name"]))
        assert _same(job.env, _plain(wanted.get("env")) or {})
        assert _same(job.outputs, _plain(wanted.get("outputs")) or {})
        labels = _plain(wanted["runs-on"])
        if isinstance(labels, str) and "${{" not in labels:
            assert job.runs_on == (labels,)
        for step, wanted_step in zip(job.steps, wanted.get("steps", []), strict=True):
            _check_step(step, {key: _plain(value) for key, value in wanted_step.items() if key != "if"})
            assert step.if_ == wanted_step["if"]["expr"]


def _check_step(step: Step, wanted: dict[str, Any]) -> None:
    assert step.id == wanted["id"]
    assert step.uses == wanted.get("uses")
    assert _same(step.name, wanted.get("name"))
    assert _same(step.run, wanted.get("run"))
    assert _same(step.env, wanted.get("env") or {})
    assert _same(step.with_, wanted.get("with") or {})
    assert _same(step.continue_on_error, wanted.get("continue-on-error", False))
    assert _same(step.timeout_minutes, wanted.get("timeout-minutes"))
    assert _same(step.shell, wanted.get("shell"))
    assert _same(step.working_directory, wanted.get("working-directory"))
