"""Whether much of a log is coming in just now.

Sealing can wait, and would take the processors and the disk from those who wait for a log to arrive. Known to the
process that takes the logs, and so to all of the embedded mode; a worker elsewhere has processors of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: Bytes of an append that belongs to a rush: a runner that has less to send sends it as it comes.
LARGE = 1 << 20
#: Seconds without such a one after which a rush is over, and those that anybody stands back for one at most.
QUIET, AT_MOST = 0.2, 2.0


class Rush:
    """Large appends, as they come. Safe from every thread. ``clock`` and ``sleep``: of seconds, that never go back."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._over = self._free_until = clock()

    @property
    def is_on(self) -> bool:
        """Whether one who asks now would stand back."""
        return self._free_until <= self._clock() < self._over

    def note(self, size: int) -> None:
        """So many bytes came in one append."""
        if size >= LARGE:
            self._over = self._clock() + QUIET

    def stand_back(self) -> None:
        """Come back when the rush is over. Not all logs may wait for one that never ends: it takes a limited time,
        after which nobody stands back for as long as somebody just did."""
        if not self.is_on:
            return
        began = now = self._clock()
        until = began + AT_MOST
        while now < min(self._over, until):
            self._sleep(min(self._over, until) - now)
            now = self._clock()
        self._free_until = now + (now - began)


rush = Rush()
