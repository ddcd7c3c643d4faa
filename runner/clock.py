"""The server's time, as far as this machine can know it.

The stamps of a log and the times of steps stand beside those of the server and of other runners, but a machine's
clock may be wrong by hours, or be set while a job runs. So time goes on by the monotonic clock here, in each job from
a start of its own: this machine's time where the server's answers bear it out, and the server's where they do not.
Every answer tells that by its Date header, to the second. Leases and timeouts know only the monotonic clock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runner.client import Response, Transport

log = logging.getLogger("forge.runner")

_SECOND = 1_000_000_000  # ns
#: A Date header is cut to the second, and servers make it up to a second or two before they send it.
_HEADER_AGE = 3 * _SECOND
#: This machine's clock is believed when it is no farther than this from what the answers allow.
_TOLERANCE = 2 * _SECOND


class ServerClock:
    """Learns from every answer. ``wall`` and ``monotonic`` are the machine's clocks, in ns."""

    def __init__(
        self, wall: Callable[[], int] = time.time_ns, monotonic: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._bounds: tuple[int, int] | None = None  # of the server's time beyond the monotonic clock's
        self._is_wrong = False

    def heard(self, date: str, asked: int, answered: int) -> None:
        """The Date header of an answer, and when by the monotonic clock the call went out and the answer came."""
        try:
            said = int(parsedate_to_datetime(date).timestamp()) * _SECOND
        except (ValueError, TypeError, OverflowError):
            return
        low, high = said - answered, said + _HEADER_AGE - asked
        with self._lock:
            if self._bounds is not None:
                both = max(low, self._bounds[0]), min(high, self._bounds[1])
                if both[0] <= both[1]:  # else the server's clock was set: what it said before holds no more
                    low, high = both
            self._bounds = low, high

    def offset(self) -> int:
        """What makes the server's time of the monotonic clock's, in ns."""
        own = self._wall() - self.monotonic()
        with self._lock:
            if self._bounds is None:
                return own
            low, high = self._bounds
            is_wrong = not low - _TOLERANCE <= own <= high + _TOLERANCE
            if is_wrong and not self._is_wrong:
                log.warning("this machine's clock is wrong by %d s; the server's counts", (own - low) // _SECOND)
            self._is_wrong = is_wrong
        return min(low + _SECOND // 2, high) if is_wrong else own

    def of_job(self) -> JobClock:
        """The clock of a job that begins now."""
        return JobClock(self)


class JobClock:
    """Never goes back, and never jumps, whatever is done to the machine's clock while the job runs."""

    def __init__(self, server: ServerClock) -> None:
        self._server = server
        self._offset = server.offset()

    def now(self) -> int:
        """ns since 1970, UTC."""
        return self._offset + self._server.monotonic()


class Timed:
    """A transport by whose answers a clock learns."""

    def __init__(self, transport: Transport, clock: ServerClock) -> None:
        self._transport = transport
        self._clock = clock

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        asked = self._clock.monotonic()
        answer = self._transport.request(method, path, headers, body, timeout)
        date = answer.headers.get("Date")
        if date:
            self._clock.heard(date, asked, self._clock.monotonic())
        return answer

    def close(self) -> None:
        self._transport.close()


def text(moment: int) -> str:
    """ns since 1970 as RFC 3339, UTC, with microseconds."""
    seconds, rest = divmod(moment, _SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
