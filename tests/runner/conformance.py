"""Where the official cases lie, for tests that are held against them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.absent import absent

ROOT = Path(__file__).resolve().parents[2]


def cases(name: str) -> Any:
    """One file of the runner's cases; the test is skipped, or fails under FORGE_REQUIRE_ALL, where it is absent."""
    folder = Path(os.environ.get("CONFORMANCE_DIR") or ROOT.parent / "shared" / "conformance")
    path = folder / "runner-cases" / f"{name}.json"
    if not path.is_file():
        absent(f"no conformance case file {path}; set CONFORMANCE_DIR")
    return json.loads(path.read_text())
