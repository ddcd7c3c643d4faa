"""Workflows of real projects, and those of the public schema's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows import conformance
from workflows import parser

_REAL = conformance.files("real-workflows", "*.yml")
_RIGHT = conformance.files("schemastore/test/github-workflow", "*.yaml")
_WRONG = conformance.files("schemastore/negative_test/github-workflow", "*.yaml")

#: Why each wrong one is refused.
_REASONS = {
    "bad_pull_request_event_declaration": "Unexpected value 'ignore-paths'",
    "container-entrypoint-is-invalid": "Unexpected value 'entrypoint'",
    "empty_json_must_always_fail": "Required property is missing: on",
    "issue-comment-invalid-type": "Unexpected value 'opened'",
    "permissions-event-has-wrong-property-keys": "Unexpected value 'files'",
    "permissions-must-be-object-or-string": "Unexpected value '123'",
    "permissions-string-is-not-from-enum": "Unexpected value 'speak-all'",
    "reusable-workflow-input-must-declare-type": "Required property is missing: type",
    "reusable-workflow-uses-has-wrong-pattern": "references to workflows must be rooted in '.github/workflows'",
    "steps-must-contain-run-or-uses": "Add one of these properties: run, shell, uses, with, working-directory",
    "with-must-be-object-or-has-from-json-copy": 'Unexpected value \'{"node-version":"12"}\'',
    "workflow_dispatch-inputs-choice-without-options": "Missing 'options' for choice input",
}


def _errors(path: Path) -> list[str]:
    _, problems = parser.read(path.read_bytes(), path.name)
    return [str(found) for found in problems]


def test_the_files_are_there() -> None:
    assert len(conformance.require("real-workflows", "*.yml", 110)) == len(_REAL)
    assert len(conformance.require("schemastore/test/github-workflow", "*.yaml", 16)) == len(_RIGHT)
    assert len(conformance.require("schemastore/negative_test/github-workflow", "*.yaml", 12)) == len(_WRONG)


@pytest.mark.parametrize("path", _REAL, ids=lambda path: path.stem)
def test_a_real_workflow_has_nothing_unknown(path: Path) -> None:
    assert _errors(path) == []


@pytest.mark.parametrize("path", _RIGHT, ids=lambda path: path.stem)
def test_right_by_the_public_schema(path: Path) -> None:
    assert _errors(path) == []


@pytest.mark.parametrize("path", _WRONG, ids=lambda path: path.stem)
def test_wrong_by_the_public_schema(path: Path) -> None:
    workflow, problems = parser.read(path.read_bytes(), path.name)
    assert workflow is None
    assert any(_REASONS[path.stem] in found.message for found in problems), [str(found) for found in problems]
