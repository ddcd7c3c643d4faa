"""What Django looks for in a database backend (its documentation: "Subclassing the built-in database backends").

Django reckons with the 999 parameters that SQLite took before 3.32, and so writes the 256 legs of a matrix in ten
statements; newer versions take 32,766. It opens a connection for each request; here they come from a pool. And it
leaves the write-ahead log to whoever commits; here a thread copies it into the database. PostgreSQL needs nothing of
this.
"""

from __future__ import annotations

import sqlite3
import weakref
from typing import Any

from django.db.backends.sqlite3 import base, creation, features
from django.utils.functional import cached_property

from forge.sqlite.checkpoints import Checkpoints
from forge.sqlite.pool import Key, key_of, pool

checkpoints = Checkpoints()


class DatabaseFeatures(features.DatabaseFeatures):
    """Asks the connection how many parameters a statement may have."""

    @cached_property
    def max_query_params(self) -> int:  # type: ignore[override]  # a number of the class, there
        """The limit of this connection."""
        self.connection.ensure_connection()
        return int(self.connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))


class DatabaseCreation(creation.DatabaseCreation):
    """Test databases."""

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        checkpoints.settle()
        pool.close()  # the last to close a database removes the files beside it, which the next one must not find
        super()._destroy_test_db(test_database_name, verbosity)  # type: ignore[misc]  # no stub


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend itself."""

    features_class = DatabaseFeatures
    creation_class = DatabaseCreation

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._key: Key | None = None
        self._cursors: weakref.WeakSet[base.SQLiteCursorWrapper] = weakref.WeakSet()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """An idle connection, or a new one."""
        connection = pool.take(conn_params) or super().get_new_connection(conn_params)
        self._key = None if self.is_in_memory_db() else key_of(conn_params)
        self._cursors.clear()
        return connection

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # no stub
        if self._key is not None:
            checkpoints.note(str(self.settings_dict["NAME"]))

    def create_cursor(self, name: str | None = None) -> Any:
        """Remembered as long as anybody holds it."""
        cursor = super().create_cursor(name)
        self._cursors.add(cursor)
        return cursor

    def _close(self) -> None:
        """Give the connection to the pool, if it is as good as new."""
        if self._key is not None and self._as_new():
            pool.give(self._key, self.connection)
        else:
            super()._close()  # type: ignore[misc]  # no stub

    def _as_new(self) -> bool:
        """False when something would go to the next who takes it: a transaction, an error, or a cursor that may
        still hold a snapshot."""
        inner = self.connection
        if inner is None or inner.in_transaction or inner.isolation_level is not None:
            return False
        return not (self.in_atomic_block or self.errors_occurred or self._cursors)
