"""How a line stands in a job's log, for the one who writes it and the one who reads it.

    2026-01-15T12:00:01.0000000Z text

The stamp is 28 bytes, UTC, always with seven decimals, and a space follows. A line longer than
``LINE_LIMIT`` bytes is cut: every piece but the last is followed by a newline and a stamp that ends in
``+`` instead of ``Z``; ``joined`` undoes that, so that a download holds the line as it was written. A piece stays
below 64 KiB with its stamp and its newline, since GitHub's own client stops reading a file at a longer line.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

STAMP_LENGTH = 28
PREFIX_LENGTH = STAMP_LENGTH + 1
LINE_LIMIT = 64 * 1024 - 64
CONTINUED = b"+"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Bytes that ``joined`` takes out where a line was cut.
JOINT_LENGTH = 1 + PREFIX_LENGTH
_JOIN = re.compile(rb"\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+ ")


def stamp(nanoseconds: int, *, continued: bool = False) -> bytes:
    """The beginning of a line that arrived then (nanoseconds since 1970, UTC), with its space."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    moment = _EPOCH + timedelta(seconds=seconds)
    end = "+" if continued else "Z"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 100:07d}{end} ".encode()


def is_continuation(line: bytes) -> bool:
    """True when this line goes on with the one before it."""
    return line[STAMP_LENGTH - 1 : STAMP_LENGTH] == CONTINUED


def joined(log: bytes) -> bytes:
    """The log with its cut lines put together again. Give whole lines."""
    return _JOIN.sub(b"", log)


class Joints:
    """Counts the places that ``joined`` takes out of a log, which comes in pieces cut anywhere."""

    def __init__(self) -> None:
        self.count = 0
        self._end = b""

    def add(self, piece: bytes) -> None:
        """The next piece."""
        text = self._end + piece
        if CONTINUED in text:
            self.count += len(_JOIN.findall(text))
        # One byte less than a joint: none is missed, none is counted twice.
        self._end = text[-(JOINT_LENGTH - 1) :]
