"""Open connections that nobody uses at the moment, for the next who asks.

A request has a thread of its own and so, to Django, a connection of its own; but opening one makes SQLite read the
whole schema, which takes longer than most requests. For PostgreSQL, psycopg's pool does the same.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

#: More than the threads of one process that reach the database at once.
MOST_IDLE = 32

#: The database file itself, not its name: a file that was replaced is another one.
Key = tuple[int, int, str]


class Pool:
    """Idle connections by the file that they are to. Taking and giving back is safe from every thread."""

    def __init__(self) -> None:
        self._idle: dict[Key, list[sqlite3.Connection]] = {}
        self._of_parent: list[sqlite3.Connection] = []
        os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.close)

    def take(self, options: Mapping[str, object]) -> sqlite3.Connection | None:
        """An idle connection that was opened with these options, None when one must be opened."""
        key = key_of(options)
        try:
            return self._idle[key].pop() if key else None
        except (KeyError, IndexError):
            return None

    def give(self, key: Key, connection: sqlite3.Connection) -> None:
        """Take over a connection that is in no transaction; it is closed when there are enough."""
        idle = self._idle.setdefault(key, [])
        if len(idle) < MOST_IDLE:
            idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            for connection in self._idle.popitem()[1]:
                connection.close()

    def _forked(self) -> None:
        """SQLite forbids to use a connection in a forked child, and even to close it there: it is only kept."""
        for connections in self._idle.values():
            self._of_parent += connections
        self._idle = {}


def key_of(options: Mapping[str, object]) -> Key | None:
    """Which connections are alike: same file, same options. None when there is no such file."""
    try:
        found = Path(str(options["database"])).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, repr(sorted((name, str(value)) for name, value in options.items()))


pool = Pool()
