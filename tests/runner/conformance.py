"""Where the official cases lie, for tests that are held against them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.absent import absent

#: Where each table is run.
TABLES = {
    "annotations": "tests/runner/test_commands.py",
    "command_flow": "tests/runner/test_commands.py",
    "command_parser": "tests/runner/test_commands.py",
    "file_commands": "tests/runner/test_file_commands.py",
    "filter_patterns": "tests/workflows/test_triggers.py",
    "hash_files": "tests/runner/test_hash_files.py",
    "masking": "tests/runner/test_masking.py",
    "problem_matchers": "tests/runner/test_matchers.py",
}
#: Cases that are not run, and why. Nothing else is left out.
LEFT_OUT = {("hash_files", "link-outside"): "what is expected is the hash of a file of another machine"}

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """Where the tables lie."""
    return Path(os.environ.get("CONFORMANCE_DIR") or ROOT.parent / "shared" / "conformance") / "runner-cases"


def cases(name: str) -> Any:
    """One file of the runner's cases; the test is skipped, or fails under FORGE_REQUIRE_ALL, where it is absent."""
    path = folder() / f"{name}.json"
    if not path.is_file():
        absent(f"no conformance case file {path}; set CONFORMANCE_DIR")
    return json.loads(path.read_text())
