"""Have the program: compiled once for each source and each kind of machine, with a compiler that is there.

It lies in ``FOLDER/externals/HASH/forge-init``. The folder ``HASH`` is what containers see as ``/__e``; its empty
folders are there for what is mounted into it. Another source, after an upgrade, is another hash, so what running
containers use is never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runner.backends.base import Finding

_FOLDER = Path(__file__).parent
SOURCES = tuple(_FOLDER / name for name in ("forge_init.c", "processes.c"))
_HEADER = _FOLDER / "forge_init.h"
PROGRAM = "forge-init"
CHANNEL = "channel"
#: What is mounted below ``/__e``.
_MOUNT_POINTS = (CHANNEL, "node20", "node24")
COMPILERS = ("musl-gcc", "gcc", "cc")
_FLAGS = ("-static", "-Os", "-std=gnu11", "-s")
_PATIENCE = 120  # s
_SHOWN = 500  # characters of what a compiler said
_MEND = "install a C compiler (Debian: gcc libc6-dev, or musl-tools); until then steps run by docker exec, more slowly"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Built:
    """The folder for ``/__e`` with the program in it, or why there is none."""

    externals: Path | None
    problem: str = ""

    @property
    def finding(self) -> Finding:
        """For ``doctor``."""
        if self.externals is None:
            return Finding(PROGRAM, False, self.problem, _MEND)
        return Finding(PROGRAM, True, str(self.externals / PROGRAM))


def have(folder: Path, compilers: tuple[str, ...] = COMPILERS) -> Built:
    """The program in this data folder; built now, by the first of the compilers that can, if it is not there yet."""
    try:
        externals = folder / "externals" / _key()
        if not (externals / PROGRAM).is_file():
            problem = _build(externals, compilers)
            if problem:
                return Built(None, problem)
    except OSError as error:
        return Built(None, f"it cannot be built: {error}")
    return Built(externals)


def _key() -> str:
    """One for each source on each kind of machine."""
    texts = [path.read_bytes() for path in (*SOURCES, _HEADER)]
    digest = hashlib.sha256(b"\0".join((*texts, platform.machine().encode(), " ".join(_FLAGS).encode())))
    return digest.hexdigest()[:16]


def _build(externals: Path, names: tuple[str, ...]) -> str:
    """Compile it; empty, or what is wrong. It appears whole or not at all, also when two do it at once."""
    externals.parent.mkdir(parents=True, exist_ok=True)
    compilers = [path for name in names if (path := shutil.which(name))]
    problem = f"this machine has no C compiler ({', '.join(names)})"
    with tempfile.TemporaryDirectory(dir=externals.parent, prefix="build-") as scratch:
        place = Path(scratch) / "e"
        place.mkdir()
        for name in _MOUNT_POINTS:
            (place / name).mkdir()
        for compiler in compilers:
            problem = _compile(compiler, place / PROGRAM)
            if not problem:
                for made in (place, *place.iterdir()):
                    made.chmod(0o755)
                with contextlib.suppress(FileExistsError):
                    _move(place, externals)
                log.info("built %s with %s", externals / PROGRAM, compiler)
                return ""
    return problem


def _compile(compiler: str, target: Path) -> str:
    command = [compiler, *_FLAGS, "-o", str(target), *map(str, SOURCES)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{compiler}: {error}"
    if done.returncode == 0:
        return ""
    return f"{compiler} cannot build it: {done.stderr.strip()[-_SHOWN:]}"


def _move(place: Path, externals: Path) -> None:
    try:
        os.rename(place, externals)
    except OSError:
        if not (externals / PROGRAM).is_file():  # another process was not there first
            raise
