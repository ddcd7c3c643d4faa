"""What the project says about itself is there, is finished, and names nothing of where it was written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conventions.source import ROOT, tracked

OPEN = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
MACHINE = re.compile(r"(?<![\w.}])/(home|root|work|Users)/[\w.-]+/")


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text()))
        except UnicodeDecodeError:
            continue  # a picture or a font
    return found


def test_nothing_is_left_open() -> None:
    found = [f"{path.relative_to(ROOT)}: {match[0]}" for path, text in texts() for match in OPEN.finditer(text)]
    assert not found, f"do it, or write it down where work is planned: {found}"


def test_no_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in texts()
        if path.suffix in (".py", ".md", ".toml", ".cfg", "") and "conventions" not in path.parts
        for match in MACHINE.finditer(text)
    ]
    assert not found, found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_name_no_address_and_carry_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    pinned = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE | re.IGNORECASE)
    entries = re.split(r"^(?=[a-zA-Z0-9][\w.\[\]-]*==)", text, flags=re.MULTILINE)[1:]
    assert pinned
    assert len(pinned) == len(entries)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_npm_locks_name_no_address_and_carry_hashes() -> None:
    locks = [path for path in tracked() if path.name == "package-lock.json"]
    assert len(locks) >= 2
    for path in locks:
        text = path.read_text()
        assert "://" not in text, path
        packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
        assert packages, path
        assert all("integrity" in entry for entry in packages.values()), path


def test_the_development_lock_holds_all_of_the_other() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_the_changelog_speaks_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
