"""Whether much of a log is coming in just now.

Sealing can wait, and would take the processors and the disk from those who wait for a log to arrive. Known to the
process that takes the logs, and so to all of the embedded mode; a worker elsewhere has processors of its own.
"""

from __future__ import annotations

import time

#: Bytes of an append that belongs to a rush: a runner that has less to send sends it as it comes.
LARGE = 1 << 20
#: Seconds without such a one after which a rush is over, and those that anybody stands back for one at most.
QUIET, AT_MOST = 0.2, 2.0


class Rush:
    """Large appends, as they come. Safe from every thread."""

    def __init__(self, quiet: float = QUIET, at_most: float = AT_MOST) -> None:
        self._quiet, self._at_most = quiet, at_most
        self._over = 0.0  # of the monotonic clock, as the next
        self._free_until = 0.0

    def note(self, size: int) -> None:
        """So many bytes came in one append."""
        if size >= LARGE:
            self._over = time.monotonic() + self._quiet

    def stand_back(self) -> None:
        """Come back when the rush is over. Not all logs may wait for one that never ends: it takes a limited time,
        after which nobody stands back for as long as somebody just did."""
        began = now = time.monotonic()
        if now < self._free_until:
            return
        until = began + self._at_most
        while now < min(self._over, until):
            time.sleep(min(self._over, until) - now)
            now = time.monotonic()
        self._free_until = now + (now - began)


rush = Rush()
