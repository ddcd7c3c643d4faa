"""A step's output on disk until the server has acknowledged it.

``RawSpool`` takes what a step writes at the speed of the stream: an unlinked file of the agent's own,
used as a ring, so that a slow network never slows a step before the ring is full. ``JobLog`` is what
becomes of it: stamped, masked lines in one file a job, whose offsets are those of the server's log.
Nothing in that file is ever masked or changed again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.masking import Forms, Secrets
from workflows import log_lines

RAW_CAPACITY = 256 << 20  # bytes; then the step waits
LOG_LIMIT = 1 << 30  # bytes of one job's log; then it is cut
_EDGE = 3  # bytes on either side of where two pieces meet
PIECE = 256 << 10  # bytes given out at once
_SAME_MOMENT = 1_000_000  # ns: writes this close share one stamp
_RUSH_SIZE, _RUSH_TIME = 2 << 20, 50_000_000  # bytes in ns: a step that writes at the speed of its program
_RUSH_GOES_ON = 100_000_000  # ns that it is taken to do so
RUSH_MOST = 1_000_000_000  # ns of a rush for which others stand back
_CUT = "##[warning]This log is cut here: a job may write 1 GiB."


class RawSpool:
    """A bounded queue of bytes on disk, each with the time it arrived. One writer, one reader.

    ``notable`` says of bytes whether somebody has to look at them; it is asked of each piece as it comes, and of where
    two of them meet, so that nobody need go through what is left (``holds_notable``).
    """

    def __init__(
        self,
        folder: Path | None = None,
        capacity: int = RAW_CAPACITY,
        clock: Callable[[], int] = time.time_ns,
        notable: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        descriptor, name = tempfile.mkstemp(prefix="forge-output-", dir=folder)  # mode 0600
        os.unlink(name)
        self._fd = descriptor
        self._capacity = capacity
        self._clock = clock
        self._changed = threading.Condition()
        self._is_notable = notable
        self._edge = b""  # the end of what was written last
        self._written = self._read = 0  # bytes since the beginning
        self._notable_until = 0  # of them: the end of the last piece that is notable
        self._segments: deque[tuple[int, int]] = deque()  # arrival in ns, bytes
        self._start = 0
        self._end = 0
        self._ended = False
        self._window, self._in_window = 0, 0  # ns, and bytes since then
        self.rushed_until = 0  # ns: until then it is taken to go on as fast as it came last

    def write(self, data: bytes) -> None:
        """Take these bytes; waits while the spool is full. After ``end`` they are dropped."""
        if self._is_notable(data) or self._is_notable(self._edge + data[:_EDGE]):
            self._notable_until = self._written + len(data)
        self._edge = (self._edge + data[-_EDGE:])[-_EDGE:]
        view = memoryview(data)
        while view:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._end - self._start < self._capacity)
                if self._ended:
                    return
                room = self._capacity - (self._end - self._start)
                piece = view[:room]
                self._store(piece)
                self._note(len(piece))
            view = view[len(piece) :]

    def _store(self, piece: memoryview) -> None:
        if self._start == self._end:  # the same pages again: what is read at once never reaches the disk
            self._start = self._end = 0
        at = self._end % self._capacity
        first = min(len(piece), self._capacity - at)
        _write_all(self._fd, piece[:first], at)
        _write_all(self._fd, piece[first:], 0)

    def _note(self, size: int) -> None:
        now = self._clock()
        self._end += size
        self._written += size
        if self._segments and now - self._segments[-1][0] < _SAME_MOMENT:
            self._segments[-1] = (self._segments[-1][0], self._segments[-1][1] + size)
        else:
            self._segments.append((now, size))
        self._note_speed(now, size)
        self._changed.notify_all()

    def _note_speed(self, now: int, size: int) -> None:
        if now - self._window > _RUSH_TIME:
            self._window, self._in_window = now, 0
        self._in_window += size
        if self._in_window >= _RUSH_SIZE:
            self._window, self._in_window = now, 0
            self.rushed_until = now + _RUSH_GOES_ON

    def end(self) -> None:
        """Nothing more is written."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def read(self) -> tuple[int, bytes] | None:
        """The next bytes, at most ``PIECE``, and when they came; waits for them. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._segments) or self._ended)
            if not self._segments:
                return None
            arrived, size = self._segments.popleft()
            taken = min(size, PIECE)
            if taken < size:
                self._segments.appendleft((arrived, size - taken))
            at = self._start
        data = self._stored(at, taken)
        with self._changed:
            self._start += taken
            self._read += taken
            self._changed.notify_all()
        return arrived, data

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is written."""
        return self._ended

    @property
    def pending(self) -> int:
        """Bytes that are not read yet."""
        return self._end - self._start

    @property
    def holds_notable(self) -> bool:
        """Whether anything that is not read yet is notable."""
        return self._notable_until > self._read

    def _stored(self, at: int, size: int) -> bytes:
        at %= self._capacity
        first = os.pread(self._fd, min(size, self._capacity - at), at)
        return first if len(first) == size else first + os.pread(self._fd, size - len(first), 0)

    def close(self) -> None:
        """Free the disk."""
        self.end()
        with self._changed:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


class Turn:
    """The place of a step's output among what is written to a log. In most logs it is written as it comes."""

    def __init__(self, log: LineLog) -> None:
        self.log = log  # where it writes, once ``is_ready``

    @property
    def is_ready(self) -> bool:
        """Whether all that has to stand before it is there."""
        return True

    def wait(self, *, also_for_end: bool = False) -> None:
        """Come back when it is ready; with ``also_for_end`` at ``note_end``, too."""

    def note_end(self) -> None:
        """The output has ended, as far as its program is concerned."""

    def leave(self, size: int) -> bool:
        """Ask whether so many bytes may be left to be written later, while others go on: what they write from now on
        comes behind it."""
        return False

    def over(self, problem: Exception | None) -> None:
        """All of it is written, or that was not possible."""


class LineLog(ABC):
    """Where lines are written, stamped and masked as they come. ``size`` is the place of the next."""

    def __init__(self, secrets: Secrets, clock: Callable[[], int] = time.time_ns) -> None:
        self.secrets = secrets
        self._clock = clock
        self._open_line: object = None  # the one whose piece was written last
        self.is_cut = False  # at its limit: nothing more is kept
        self.changed = threading.Condition()

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes so far; the offset of what comes next."""

    @abstractmethod
    def _append(self, data: bytes, line: object) -> None:
        """Keep whole lines that are stamped and masked, or a piece of this line."""

    def rush(self, until: int) -> None:  # noqa: B027 - who is told nothing by this does nothing
        """A step writes as fast as it can, and goes on to do so until then (ns); 0: it has ended."""

    def stand_back(self, until: Callable[[], bool]) -> None:  # noqa: B027 - the same
        """Come back when no step writes as fast as it can, or it has gone on for a while, or this is so."""

    def enter(self) -> Turn:
        """The place of a step's output that begins now."""
        return Turn(self)

    def moment(self) -> int:
        """The time that is stamped now, in ns since 1970."""
        return self._clock()

    def goes_on(self, line: object) -> bool:
        """Whether the last that was written is a piece of this line."""
        return self._open_line is line

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines of the agent's own, masked and stamped now."""
        whole = "".join(f"{line}\n" for text in texts for line in text.split("\n"))
        if whole:
            self.block(self._clock(), whole.encode(errors="replace"))

    def block(self, arrived: int, lines: bytes, forms: tuple[Forms, ...] | None = None) -> None:
        """Write whole lines that arrived then (ns); those over the limit of a line are cut. They are masked by
        all secrets, or by those of an earlier moment (``Secrets.compiled``)."""
        if not self.is_cut:
            self._append(_stamped(arrived, self.secrets.mask(lines, forms)), None)

    def piece(self, arrived: int, masked: bytes, line: object) -> None:
        """Write a piece of this line, which is cut; it is masked already. It goes on with what stands before it
        only where that is of the same line: several may write at once."""
        with self.changed:
            prefix = log_lines.stamp(arrived, continued=self.goes_on(line))
            self._append(prefix + masked + b"\n", line)


class JobLog(LineLog):
    """The log of one job: lines, stamped and masked, in a file that only grows."""

    def __init__(
        self, path: Path, secrets: Secrets, *, limit: int = LOG_LIMIT, clock: Callable[[], int] = time.time_ns
    ) -> None:
        super().__init__(secrets, clock)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._limit = limit
        self._hash = hashlib.sha256()
        self._hashed = 0  # bytes
        self._reading = threading.Lock()  # taken before ``changed`` where both are
        self._size = 0
        self._rush = (0, 0)  # from when until when, ns
        self.closed = False

    @property
    def size(self) -> int:
        return self._size

    @property
    def room(self) -> int:
        """Bytes that it may still take."""
        return self._limit - self._size

    @property
    def is_rushed(self) -> bool:
        """Whether a step writes as fast as it can, not for long: what can wait leaves the processors to it."""
        start, end = self._rush
        return self._clock() < min(end, start + RUSH_MOST)

    def rush(self, until: int) -> None:
        start, end = self._rush
        now = self._clock()
        self._rush = (now if end < now else start), until
        if not until:
            with self.changed:
                self.changed.notify_all()

    def stand_back(self, until: Callable[[], bool]) -> None:
        """What is asked is looked at again whenever the log changes, and as often as a rush is prolonged."""
        with self.changed:
            while self.is_rushed and not until():
                self.changed.wait(_RUSH_GOES_ON / 1e9)

    def sha256(self) -> str:
        """Hash of all bytes so far, in hexadecimal."""
        with self._reading:
            while self._hash_some():
                pass
            return self._hash.hexdigest()

    def hash_ahead(self) -> bool:
        """Do some of the work of ``sha256`` that is still to be done; False when there is none. For when nobody else
        has anything to do: while the log grows fast, the hash would take a third of what masking takes."""
        with self._reading:
            return not self.closed and self._hash_some()

    def _hash_some(self) -> bool:
        data = os.pread(self._file, PIECE, self._hashed) if self._hashed < self._size else b""
        self._hash.update(data)
        self._hashed += len(data)
        return bool(data)

    def place(self, lines: bytes, line: object = None) -> None:
        """Take whole lines, or a piece of this one, that were stamped and masked when they came."""
        self._append(lines, line)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the log from there on."""
        with self._reading:
            return b"" if self.closed else os.pread(self._file, size, offset)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer with bytes of the log from there on; how many there were, and none of a log that is closed."""
        with self._reading:  # and not ``changed``: meanwhile the log grows
            return 0 if self.closed else os.preadv(self._file, [buffer], offset)

    def close(self) -> None:
        """Let go of the file."""
        with self._reading, self.changed:
            if not self.closed:
                self.closed = True
                os.close(self._file)
                self.changed.notify_all()

    def _append(self, data: bytes, line: object) -> None:
        with self.changed:
            if self.is_cut or self.closed:
                return
            if self._size + len(data) > self._limit:
                self.is_cut = True
                data = log_lines.stamp(self._clock()) + _CUT.encode() + b"\n"
            try:
                _write_all(self._file, memoryview(data), self._size)
            except OSError:  # the job ends by this; what is still to be said of it must not fail once more
                self.is_cut = True
                raise
            self._open_line = line
            self._size += len(data)
            self.changed.notify_all()


def _stamped(arrived: int, masked: bytes) -> bytes:
    """Whole lines with their stamps."""
    prefix = log_lines.stamp(arrived)
    if not _has_long_line(masked):
        stamped = masked.replace(b"\n", b"\n" + prefix)
        return b"".join((prefix, memoryview(stamped)[: -len(prefix)]))
    go_on = b"\n" + log_lines.stamp(arrived, continued=True)
    limit, lines = log_lines.LINE_LIMIT, masked[:-1].split(b"\n")
    cut = (go_on.join(line[at : at + limit] for at in range(0, len(line) or 1, limit)) for line in lines)
    return prefix + (b"\n" + prefix).join(cut) + b"\n"


def _has_long_line(lines: bytes) -> bool:
    at, limit = 0, log_lines.LINE_LIMIT
    while at + limit < len(lines):
        end = lines.rfind(b"\n", at, at + limit + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def _write_all(fd: int, data: memoryview, at: int) -> None:
    while data:
        written = os.pwrite(fd, data, at)
        data, at = data[written:], at + written
