"""Threads that a step needs at once."""

from __future__ import annotations

import _thread
from collections.abc import Callable


def begin(work: Callable[[], None]) -> None:
    """Run this in a thread that nobody waits for, neither at the end of the process nor until it has come up, as
    ``threading.Thread.start`` does: that would cost each step two changes of threads more for each of its threads."""
    _thread.start_new_thread(work, ())
