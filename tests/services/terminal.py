"""A program on a terminal: what it writes is read as a person would, what one types goes in."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROWS, COLUMNS = 50, 240
#: Who has said nothing for so many seconds waits for a key.
QUIET = 0.25
#: What a program says to a terminal besides text: colours, movements, titles, and wheels that turn while it waits.
_CONTROL = re.compile(
    r"[\u2800-\u28ff]|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[78]|\x1b[=>()][0-9A-Za-z]?|\r"
)
#: Questions that a program asks its terminal, and what this one answers: where the cursor is, what its colours are.
_QUESTIONS = ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x1b\\"))

DOWN, ENTER = "\x1b[B", "\r"


class NotSaid(AssertionError):
    """It did not say what was waited for, or did not end."""


class Terminal:
    """A program with a terminal of its own as input, output and error, and as what it can be interrupted from."""

    def __init__(self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        self._side, other = os.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        try:
            self._popen = subprocess.Popen(
                ["setsid", "--ctty", *command], stdin=other, stdout=other, stderr=other, env=dict(env), cwd=cwd
            )
        finally:
            os.close(other)
        self._raw = b""
        self._read_to = 0
        self._answered = 0

    @property
    def text(self) -> str:
        """All that it has written so far, without what only a terminal understands."""
        return _CONTROL.sub("", self._raw.decode(errors="replace"))

    def wait_for(self, words: str, timeout: float = 60.0) -> None:
        """Returns when it has written these words after those that were waited for before."""
        until = time.monotonic() + timeout
        while (found := self.text.find(words, self._read_to)) < 0:
            if not self._more(until):
                raise NotSaid(f"{words!r} is not in:\n{self.text}")
        self._read_to = found + len(words)

    def type(self, keys: str, timeout: float = 60.0) -> None:
        """As if somebody pressed these keys, once the program reads them one by one and has no more to say: what comes
        earlier a program that asks its terminal something would take for the answer."""
        until = time.monotonic() + timeout
        while termios.tcgetattr(self._side)[3] & termios.ECHO:
            if time.monotonic() > until:
                raise NotSaid(f"it reads no keys after:\n{self.text}")
            self._more(min(until, time.monotonic() + QUIET))
        while self._more(time.monotonic() + QUIET):
            pass
        os.write(self._side, keys.encode())

    def end(self, timeout: float = 60.0) -> tuple[int, str]:
        """Its exit status and all that it wrote, when it ends by itself."""
        until = time.monotonic() + timeout
        while self._more(until):
            pass
        try:
            return self._popen.wait(max(0.1, until - time.monotonic())), self.text
        except subprocess.TimeoutExpired:
            raise NotSaid(f"it runs on after:\n{self.text}") from None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        os.close(self._side)

    def _more(self, until: float) -> bool:
        """Read what comes next; False at the end of the program or of the time."""
        ready, _, _ = select.select([self._side], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        piece = b""
        with contextlib.suppress(OSError):  # Linux says so that nobody holds the other side any more
            piece = os.read(self._side, 65536)
        self._raw += piece
        for question, answer in _QUESTIONS:
            for _ in range(self._raw.count(question, self._answered)):
                os.write(self._side, answer)
        self._answered = len(self._raw)
        return bool(piece)
