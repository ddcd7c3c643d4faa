"""How long to let more come into a step's pipe before it is read again.

A read that leaves a pipe empty makes the next write wake the reader, and the program that writes pays for that: one
that writes little and often as much as one that writes as fast as it can.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable

BLOCK = 256 << 10  # bytes that a pipe holds; many of 1 MiB would reach what one user may have in all
LARGE = 1 << 20  # bytes that it holds once a step has filled it so often, or written much without a pause
_FULL, _MUCH = 8, 2 << 20
_SHORT = 16 << 10  # bytes: a read of less may come from many small writes,
_SOON, _MANY = 0.002, 16  # when so many of them came within so many seconds of the one before
_GATHER = 0.005  # s that is waited then before the next
_PAUSE = 0.01  # s without a read
NAP = 0.002  # s that is waited at most until half of a pipe is full


class Pace:
    """How a program writes: by its reads. It says how long to let more come before the next one."""

    def __init__(self, pipe: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._pipe = pipe
        self._clock = clock
        self._holds = 0  # bytes, once it was asked to hold more
        self._last = 0.0
        self._small = 0
        self._full = 0
        self._much = 0

    def rest(self, size: int) -> float:
        """Note a read; seconds to wait before the next."""
        now = self._clock()
        since, self._last = now - self._last, now
        is_soon = since < _SOON + (_GATHER if self._small > _MANY else 0)
        self._small = self._small + 1 if size < _SHORT and is_soon else 0
        self._much = self._much + size if since < _PAUSE else 0
        self._full += size >= BLOCK
        if not self._holds and (self._full >= _FULL or self._much >= _MUCH):
            self._grow()
        if self._small > _MANY:
            return _GATHER
        if self._much < _MUCH or size >= self._holds // 2:
            return 0.0
        return min(since * (self._holds // 2) / size, NAP)

    def _grow(self) -> None:
        """The pipe of a program that writes much holds more."""
        with contextlib.suppress(OSError):  # there is an end to what one user may have
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, LARGE)
        self._holds = fcntl.fcntl(self._pipe, fcntl.F_GETPIPE_SZ)
