"""Where the public cases lie, and the tables of cases beside these tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.absent import absent

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CONFORMANCE_DIR") or ROOT.parent / "shared" / "conformance")
_CASES = Path(__file__).parent / "cases"


def files(folder: str, pattern: str) -> list[Path]:
    """The public case files; empty where they are absent."""
    return sorted((FOLDER / folder).glob(pattern))


def require(folder: str, pattern: str, least: int) -> list[Path]:
    """The public case files; skips the test where they are absent, fails it under FORGE_REQUIRE_ALL=1."""
    found = files(folder, pattern)
    if not found:
        absent(f"no cases {folder}/{pattern} in {FOLDER}; set CONFORMANCE_DIR")
    assert len(found) >= least
    return found


def table(name: str) -> list[Any]:
    """The cases of one table, as parameters named after them."""
    cases = yaml.safe_load((_CASES / f"{name}.yml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]
