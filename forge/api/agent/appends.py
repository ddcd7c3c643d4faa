"""Batches of one log that are on their way at once: a runner sends the next while the last is still being stored.

They are stored one after another, in the order of their offsets: one that overtook the one before it waits for it a
moment. With several server processes the other may be in another one; then the runner is told which offset is wanted,
as for any gap, and sends it again.
"""

from __future__ import annotations

import threading
import time
from weakref import WeakValueDictionary

from forge.actions import log_chunks, logs
from forge.actions.models import Claim
from forge.actions.refusals import WrongOffset

#: Seconds that a batch waits for the one before it.
PATIENCE = 0.25


class _Turn:
    """Whose turn it is at one log; notified when something was stored."""

    def __init__(self) -> None:
        self.changed = threading.Condition()


_turns: WeakValueDictionary[int, _Turn] = WeakValueDictionary()
_guard = threading.Lock()


def append(claim: Claim, offset: int, data: bytes, frame: bytes | None) -> int:
    """``logs.append`` in the order of offsets; its answer and its refusals."""
    with _guard:
        turn = _turns.setdefault(claim.job_id, _Turn())
    until = time.monotonic() + PATIENCE
    with turn.changed:
        while True:
            try:
                wanted = logs.append(claim, offset, data, frame=frame)
            except WrongOffset as gap:
                left = until - time.monotonic()
                if left <= 0 or offset - gap.wanted > log_chunks.LIMIT or not turn.changed.wait(left):
                    raise
            else:
                turn.changed.notify_all()
                return wanted
