"""Who may import whom: the contracts of pyproject.toml hold, and they cover every package there is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import Any

from tests.conventions.source import ROOT

#: Parts of the server that stand beside the layers: nothing there imports another part.
BESIDE = {"__init__"}


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_the_contracts_hold() -> None:
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_of_the_server_has_its_layer() -> None:
    [layers] = [each["layers"] for each in contracts() if each.get("containers") == ["forge"]]
    known = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    parts = {
        path.stem for path in (ROOT / "forge").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - known - BESIDE == set(), "say in pyproject.toml and docs/architecture.md where these stand"
