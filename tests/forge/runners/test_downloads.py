"""The agent as a package: what is in it, and that nothing is missing."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

from forge.runners import downloads

ROOT = Path(__file__).parents[3]
#: What a package is called where it is imported.
IMPORTED = {"PyYAML": "yaml", "ahocorasick-rs": "ahocorasick_rs"}


def wheel() -> ZipFile:
    """The package, opened."""
    return ZipFile(io.BytesIO(downloads.package().content))


def test_every_file_of_the_agent_is_in_it_and_listed() -> None:
    names = set(wheel().namelist())
    wanted = {
        str(file.relative_to(ROOT))
        for package in downloads.PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted <= names
    assert not [name for name in names if name.startswith("forge/")]
    (record,) = [name for name in names if name.endswith("/RECORD")]
    rows = list(csv.reader(io.StringIO(wheel().read(record).decode())))
    assert {row[0] for row in rows} == names
    for name, digest, size in rows:
        if name != record:
            data = wheel().read(name)
            told = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert (digest, size) == (f"sha256={told}", str(len(data)))


def test_it_needs_what_it_imports_in_the_project_s_own_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(downloads.REQUIRES) <= set(project["dependencies"])
    needed = {re.split(r"[^\w-]", one)[0] for one in downloads.REQUIRES}
    text = "\n".join(wheel().read(name).decode() for name in wheel().namelist() if name.endswith(".py"))
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE))
    foreign = imported - set(sys.stdlib_module_names) - set(downloads.PACKAGES)
    assert foreign == {IMPORTED.get(name, name) for name in needed}


def test_its_name_and_version_are_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (place,) = [name for name in wheel().namelist() if name.endswith("/METADATA")]
    said = Parser().parsestr(wheel().read(place).decode())
    assert (said["Name"], said["Version"], said["Requires-Python"]) == (
        "forge-runner",
        project["version"],
        project["requires-python"],
    )
    assert downloads.package().filename == f"forge_runner-{project['version']}-py3-none-any.whl"
    assert said.get_all("Requires-Dist") == list(downloads.REQUIRES)


def test_it_is_the_same_whenever_it_is_made() -> None:
    assert downloads.package.__wrapped__() == downloads.package()
