"""Workflows of real projects, and those of the public schema's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflows import conformance
from workflows import parser

_REAL = conformance.files("real-workflows", "*.yml")
_RIGHT = conformance.files("schemastore/test/github-workflow", "*.yaml")
_WRONG = conformance.files("schemastore/negative_test/github-workflow", "*.yaml")
#: Whose mistake stands in a part of the file that is refused anyway, and not looked at closer yet.
_NOT_YET = {"reusable-workflow-uses-has-wrong-pattern.yaml"}


def _errors(path: Path) -> list[str]:
    """What is wrong with a file beyond what Forge does not support yet."""
    _, problems = parser.read(path.read_bytes(), path.name)
    return [str(found) for found in problems if "is not supported by Forge yet" not in found.message]


def test_the_files_are_there() -> None:
    conformance.require("real-workflows", "*.yml", 110)


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
    assert problems
    assert path.name in _NOT_YET or _errors(path)
