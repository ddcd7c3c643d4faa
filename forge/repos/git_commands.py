"""git's own programs, where they are faster than reading every object here: walks, diffs, archives.

Nothing that a person wrote reaches them as an option: revisions are full ids, refs begin with ``refs/``,
paths stand after ``--`` and mean themselves, and each of the other values is part of its option's word.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from forge.errors import Invalid
from forge.repos import git
from forge.repos.models import Repository

_PIECE = 1 << 16
#: Bytes of output that are read, and seconds that are waited.
_MOST = 16 << 20
_SECONDS = 20.0
#: Files longer than this are never compared line by line.
_COMPARED = "5m"


@dataclass(frozen=True)
class Output:
    """What a program printed; ``whole`` is False when there was more of it than wanted, ``ok`` that it succeeded."""

    data: bytes
    whole: bool
    ok: bool


def output(repository: Repository, *arguments: str, most: int = _MOST, seconds: float = _SECONDS) -> Output:
    """Run a program to its end, or to ``most`` bytes. Invalid when that takes too long."""
    process = _start(repository, arguments)
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        data = _read(process, most + 1)
        if len(data) > most:
            process.kill()
        code = process.wait()
    finally:
        timer.cancel()
        _end(process)
    if late.is_set():
        raise Invalid("Sorry, this takes too long. Ask for less of it, or clone the repository.")
    return Output(data[:most], len(data) <= most, code == 0)


class Stream:
    """The output of a program as it comes; closing it, at whatever moment, ends the program."""

    def __init__(self, repository: Repository, *arguments: str) -> None:
        self._process = _start(repository, arguments)

    def __iter__(self) -> Iterator[bytes]:
        """The pieces."""
        assert self._process.stdout is not None
        try:
            while piece := self._process.stdout.read1(_PIECE):  # type: ignore[attr-defined]  # a BufferedReader
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """End the program if it still runs."""
        _end(self._process)


def _start(repository: Repository, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return git.program(repository, "-c", f"core.bigFileThreshold={_COMPARED}", "-c", "core.quotePath=false", *arguments)


def _read(process: subprocess.Popen[bytes], most: int) -> bytes:
    assert process.stdout is not None
    pieces, left = [], most
    while left > 0 and (piece := process.stdout.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
