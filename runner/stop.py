"""Why and how a job has to stop. One object a job, shared by all its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stop:
    """Goes only one way: running, cancelled, forced, lost. ``changed`` is notified at every change."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.cancelled = False  # steps are stopped; always() and post steps still run
        self.timed_out = False  # the cancel is the job's own timeout
        self.forced = False  # nothing of the workflow runs any more
        self.lost = False  # the job is not ours any more: nothing is reported either
        self.reason = ""

    @property
    def at_once(self) -> bool:
        """True when nothing of the workflow may go on."""
        return self.forced or self.lost

    def cancel(self, reason: str, *, force: bool = False, timed_out: bool = False) -> None:
        """Stop the job; a second call can only make it harder."""
        with self.changed:
            if not self.cancelled:
                self.reason, self.timed_out = reason, timed_out
            self.cancelled = True
            self.forced = self.forced or force
            self.changed.notify_all()

    def lose(self, reason: str) -> None:
        """The lease is gone."""
        with self.changed:
            self.reason = self.reason or reason
            self.cancelled = self.lost = True
            self.changed.notify_all()

    def notify(self) -> None:
        """Wake who waits for something beside the stop, such as the end of a command."""
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait for something whose change is notified here; True when it came in time (seconds)."""
        with self.changed:
            return self.changed.wait_for(condition, timeout)
