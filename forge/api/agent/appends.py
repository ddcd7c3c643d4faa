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

#: By job, while a batch of it is here; notified when something was stored.
_changed: WeakValueDictionary[int, threading.Condition] = WeakValueDictionary()
_guard = threading.Lock()
#: So many of the few threads behind the doors may wait for a batch; the others are for everybody else.
_may_wait = threading.BoundedSemaphore(2)


def append(claim: Claim, offset: int, data: bytes, frame: bytes | None, patience: float = PATIENCE) -> int:
    """``logs.append`` in the order of offsets; its answer and its refusals. ``patience``: seconds."""
    with _guard:
        changed = _changed.setdefault(claim.job_id, threading.Condition())
    until = time.monotonic() + patience
    with changed:
        while True:
            try:
                wanted = logs.append(claim, offset, data, frame=frame)
            except WrongOffset as gap:
                if offset - gap.wanted > log_chunks.LIMIT or not _wait(changed, until):
                    raise
            else:
                changed.notify_all()
                return wanted


def _wait(changed: threading.Condition, until: float) -> bool:
    """Whether something was stored by then (of the monotonic clock)."""
    if not _may_wait.acquire(blocking=False):
        return False
    try:
        return changed.wait(max(0.0, until - time.monotonic()))
    finally:
        _may_wait.release()
