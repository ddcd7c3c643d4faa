"""Copies the write-ahead log into the database behind everybody's back.

SQLite's documentation ("Write-Ahead Logging", "Avoiding Excessively Large WAL Files" and "Application-Initiated
Checkpoints"): otherwise whoever commits past the limit copies it all and waits for the disk, here every few appends
of a long log. A passive checkpoint makes no reader and no writer wait, but it takes the disk and a processor, which
those want who are just writing much: it is made when they have done, unless there is too much of it by then. What
this thread does not come to is SQLite's own again, at ``wal_autocheckpoint``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

#: Bytes of write-ahead log from which on it is copied when nobody has written for so many seconds, and from which on
#: it is copied whoever writes.
ENOUGH, QUIET, MUCH = 16 << 20, 0.25, 96 << 20


class Checkpoints:
    """One thread a process, started by the first log that is long enough. Safe from every thread. ``clock``: of
    seconds, that never go back."""

    def __init__(
        self,
        enough: int = ENOUGH,
        quiet: float = QUIET,
        much: int = MUCH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._enough, self._quiet, self._much = enough, quiet, much
        self._clock = clock
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads stay behind

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}  # by when nobody will have written for a while (of the clock)
        self._next: dict[str, int] = {}  # bytes at which each is looked at again
        self._at_work = False
        self._thread: threading.Thread | None = None

    def note(self, database: str) -> None:
        """Something was committed there."""
        try:
            size = os.stat(f"{database}-wal").st_size
        except OSError:
            return
        if size < self._next.get(database, self._enough):
            return
        until = self._clock() + self._quiet
        with self._changed:
            is_news = database not in self._due
            self._due[database] = 0.0 if size >= self._much else until
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
                self._thread.start()
            if is_news or size >= self._much:  # otherwise it looks again by itself
                self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is at work, or to be done."""
        return not self._at_work and not self._due

    def settle(self) -> None:
        """Come back when nothing is at work: the files may be removed."""
        with self._changed:
            self._due.clear()
            self._changed.wait_for(lambda: not self._at_work)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._at_work = False
                self._changed.notify_all()
                database = self._ripe()
                self._at_work = True
            with contextlib.suppress(sqlite3.Error, OSError):  # removed, or busy for long: the next commit tells again
                self._next[database] = _checkpoint(database) + self._enough

    def _ripe(self) -> str:
        """Wait for what is to be copied now."""
        while True:
            now, first = self._clock(), min(self._due, key=self._due.__getitem__, default=None)
            if first is not None and self._due[first] <= now:
                del self._due[first]
                return first
            self._changed.wait(None if first is None else self._due[first] - now)


def _checkpoint(database: str) -> int:
    """Copy what can be copied; the bytes of the log after that: none, unless somebody reads or writes just now."""
    connection = sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=rw", uri=True, timeout=0)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
        _, there, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if there == copied:  # otherwise writers would wait for the rest
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return os.stat(f"{database}-wal").st_size
