"""The log of a step that runs beside others.

A step is one span of its job's log, so two that run at once cannot both write there. What such a step writes
is stamped and masked as it comes, and kept in files of the agent's own until ``release`` puts it at the end
of the job's log; what comes later goes there directly. All step logs of a job share one ``Shelf``: together with
the job's log they never hold more than that may hold in the end.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from runner.spool import JobLog, LineLog
from workflows import log_lines

SEGMENT = 8 << 20  # bytes of one file; so much is in memory while it is moved
_PIECE = 1 << 20  # bytes that the job's log takes at once; so much is lost at its end
_CUT = b"##[warning]The log of this step is cut here: a job may write 1 GiB.\n"
_CUT_SIZE = len(_CUT) + log_lines.PREFIX_LENGTH


class Shelf:
    """The room that step logs have until they are in the job's log."""

    def __init__(self, job: JobLog, folder: Path | None = None) -> None:
        self.job = job
        self.folder = folder
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, size: int, *, must: bool = False) -> bool:
        """Ask for room; False when there is none, unless it must be."""
        with self._lock:
            if self._taken + size > self.job.room and not must:
                return False
            self._taken += size
            return True

    def give_back(self, size: int) -> None:
        """This much is not needed any more."""
        with self._lock:
            self._taken -= size


class StepLog(LineLog):
    """The log of one step. ``start`` is its place in the job's log, None until it was released."""

    def __init__(self, shelf: Shelf, *, segment: int = SEGMENT) -> None:
        super().__init__(shelf.job.secrets, shelf.job.moment)
        self._shelf = shelf
        self._segment = segment
        self._files: deque[_File] = deque()
        self._size = 0
        self.start: int | None = None
        shelf.take(_CUT_SIZE, must=True)  # what would have to be said is always said

    @property
    def size(self) -> int:
        return self._size

    def release(self) -> int:
        """Put it at the end of the job's log; where that was. From now on nobody else may write there until it has
        ended. A full disk is an OSError; each file's room is free before its bytes are written anew."""
        with self.changed:
            if self.start is None:
                self.start = self._shelf.job.size
                self._shelf.give_back(0 if self.is_cut else _CUT_SIZE)
                while self._files:
                    lines = self._files.popleft().taken()
                    self._shelf.give_back(len(lines))
                    for piece in _pieces(lines):
                        self._shelf.job.place(piece, self._open_line)
            return self.start

    def close(self) -> None:
        """Forget what is not released."""
        with self.changed:
            if self.start is None and not self.is_cut:
                self._shelf.give_back(_CUT_SIZE)
            self.is_cut = True
            while self._files:
                self._shelf.give_back(len(self._files.popleft().taken()))

    def rush(self, until: int) -> None:
        self._shelf.job.rush(until)

    def goes_on(self, line: object) -> bool:
        return self._shelf.job.goes_on(line) if self.start is not None else super().goes_on(line)

    def _append(self, data: bytes, line: object) -> None:
        with self.changed:
            if self.is_cut:
                return
            if self.start is not None:
                self._shelf.job.place(data, line)
            elif self._shelf.take(len(data)):
                self._write(data)
            else:
                self.is_cut = True
                data = log_lines.stamp(self._clock()) + _CUT
                self._write(data)
            self._open_line = line
            self._size += len(data)

    def _write(self, data: bytes) -> None:
        if not self._files or self._files[-1].size >= self._segment:
            self._files.append(_File(self._shelf.folder))
        self._files[-1].append(data)


def _pieces(lines: bytes) -> Iterator[bytes]:
    """The same in pieces of whole lines."""
    at = 0
    while at < len(lines):
        end = lines.rfind(b"\n", at, at + _PIECE) + 1 or lines.find(b"\n", at) + 1
        yield lines[at:end]
        at = end


class _File:
    """An unlinked file, mode 0600."""

    def __init__(self, folder: Path | None) -> None:
        self._fd, name = tempfile.mkstemp(prefix="forge-step-", dir=folder)
        os.unlink(name)
        self.size = 0

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        at = self.size
        while view:
            written = os.pwrite(self._fd, view, at)
            view, at = view[written:], at + written
        self.size = at

    def taken(self) -> bytes:
        """All of it; the file is gone."""
        pieces, at = [], 0
        while at < self.size:
            pieces.append(os.pread(self._fd, self.size - at, at))
            at += len(pieces[-1])
        os.close(self._fd)
        return b"".join(pieces)
