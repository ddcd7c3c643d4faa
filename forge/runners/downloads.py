"""The agent as a package for pip, made of this server's own source: so that both are always of one version.

A wheel is a zip with a list of what is in it. This one is made once a process, and byte for byte the same in every
process of a version, so that any of them may serve what another has named.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT, NAME = "forge-ci", "forge-runner"
#: What is in it, and what these need of others.
PACKAGES = ("runner", "workflows")
REQUIRES = (
    "ahocorasick-rs>=1.0.3",
    "docker>=7.1",
    "PyYAML>=6.0.2",
    "regex>=2024.11.6",
    "tenacity>=9",
    "urllib3>=2.3",
    "zstandard>=0.23",
)
#: The machines that the agent runs on; nothing in the package depends on which.
MACHINES = (("linux", "x64"), ("linux", "arm64"), ("linux", "arm"))
_TAG = "py3-none-any"
_LEFT_OUT = ("__pycache__",)
_MOMENT = (2026, 1, 1, 0, 0, 0)  # of every file: the bytes must not depend on when they were put together
_TEXT = "The agent of Forge, a self-hosted CI engine. `forge-runner register` makes a machine a runner of a server."


@dataclass(frozen=True)
class Package:
    """A file to be downloaded."""

    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of its bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@cache
def package() -> Package:
    """The wheel."""
    number = _version()
    info = f"{NAME.replace('-', '_')}-{number}.dist-info"
    files = dict(_sources())
    files |= {f"{info}/{name}": text.encode() for name, text in _about(number).items()}
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    return Package(f"{NAME.replace('-', '_')}-{number}-{_TAG}.whl", _zipped(files))


def _version() -> str:
    try:
        return version(PROJECT)
    except PackageNotFoundError:  # a checkout that was never installed
        return "0"


def _sources() -> Iterator[tuple[str, bytes]]:
    """Every file of the packages, wherever they are installed, by its path in the wheel."""
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None or not found.submodule_search_locations:
            raise FileNotFoundError(f"the package {name} is not installed beside the server")
        root = Path(found.submodule_search_locations[0])
        for file in sorted(root.rglob("*")):
            within = file.relative_to(root)
            if file.is_file() and not set(_LEFT_OUT) & set(within.parts):
                yield f"{name}/{within.as_posix()}", file.read_bytes()


def _about(number: str) -> dict[str, str]:
    requires = "".join(f"Requires-Dist: {one}\n" for one in REQUIRES)
    head = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {number}\nSummary: The agent of Forge\n"
    return {
        "METADATA": f"{head}Requires-Python: >=3.11\n{requires}\n{_TEXT}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: {PROJECT} ({number})\nRoot-Is-Purelib: true\nTag: {_TAG}\n",
        "entry_points.txt": "[console_scripts]\nforge-runner = runner.__main__:main\n",
    }


def _record(files: dict[str, bytes], own: str) -> bytes:
    lines = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        lines.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join([*lines, f"{own},,", ""]).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return made.getvalue()
