"""What only the database knows: the order of all changes, outputs of jobs, and what was left open."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg


class Rows:
    """Reads the server's own database, from beside it. ``?`` stands for a value."""

    def __init__(self, address: str | Path) -> None:
        self._address = address
        self._mine = threading.local()

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        if isinstance(self._address, Path):
            connection = getattr(self._mine, "connection", None)
            if connection is None:
                connection = self._mine.connection = sqlite3.connect(
                    f"file:{self._address}?mode=ro", uri=True, timeout=20, check_same_thread=False
                )
            return list(connection.execute(statement, values))
        if getattr(self._mine, "connection", None) is None:
            self._mine.connection = psycopg.connect(self._address, autocommit=True)
        return list(self._mine.connection.execute(statement.replace("?", "%s"), values))

    def close(self) -> None:
        """Close what this thread has opened."""
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None

    def changes(self, run_id: int) -> list[dict[str, Any]]:
        """Everything that changed in a run, in order."""
        rows = self.read("SELECT data FROM actions_runevent WHERE run_id = ? ORDER BY sequence", run_id)
        return [json.loads(data) if isinstance(data, str) else data for (data,) in rows]

    def outputs(self, job_id: int) -> dict[str, str]:
        """What a job gave to those that need it."""
        ((data,),) = self.read("SELECT outputs FROM actions_job WHERE id = ?", job_id)
        found: dict[str, str] = json.loads(data) if isinstance(data, str) else data
        return found

    def undone(self, repository_id: int) -> int:
        """What the server will yet turn into runs by itself: events that wait, and cron lines that are due."""
        now = "strftime('%Y-%m-%d %H:%M:%f', 'now')" if isinstance(self._address, Path) else "now()"
        events = "SELECT count(*) FROM actions_event WHERE repository_id = ? AND state = 'pending'"
        lines = f"SELECT count(*) FROM actions_schedule WHERE repository_id = ? AND next_due <= {now}"
        ((waiting, due),) = self.read(f"SELECT ({events}), ({lines})", repository_id, repository_id)
        return int(waiting) + int(due)

    def make_due(self, repository_id: int, minutes: int) -> None:
        """Turn the clock of a repository's schedules: they have been due for so many minutes."""
        update = "UPDATE actions_schedule SET next_due ="
        if isinstance(self._address, Path):
            since = f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{minutes} minutes')"
            with sqlite3.connect(self._address, timeout=20) as writing:
                writing.execute(
                    f"UPDATE actions_schedule SET next_due = {since} WHERE repository_id = ?", [repository_id]
                )
            writing.close()
            return
        since = f"now() - interval '{minutes} minutes'"
        with psycopg.connect(self._address, autocommit=True) as other:
            other.execute(f"{update} {since} WHERE repository_id = %s", [repository_id])

    def left_open(self) -> dict[str, Sequence[object]]:
        """Rows that nobody will ever end, by what they are; empty lists when all is well."""
        ended = "status <> 'completed'"
        return {
            name: self.read(f"SELECT {what} FROM {table} WHERE {still}")
            for name, what, table, still in (
                ("attempts", "run_id, number, status", "actions_runattempt", ended),
                ("jobs", "run_id, name, status", "actions_job", ended),
                ("steps", "job_id, number, status", "actions_step", ended),
                ("claims", "job_id, epoch, runner_id", "actions_claim", "ended_at IS NULL"),
                ("events", "repository_id, name, error", "actions_event", "state <> 'expanded'"),
                ("places in groups", "group_id, run_id, state", "actions_place", "state IN ('waiting', 'holding')"),
                (
                    "nodes without jobs",
                    "node.attempt_id, node.key",
                    "actions_jobnode node JOIN actions_runattempt attempt ON attempt.id = node.attempt_id",
                    "NOT node.expanded",
                ),
            )
        }
