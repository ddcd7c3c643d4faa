"""What Django looks for in a database backend (its documentation: "Subclassing the built-in database backends").

Django reckons with the 999 parameters that SQLite took before 3.32, and so writes the 256 legs of a matrix in ten
statements; newer versions take 32,766. PostgreSQL needs nothing of this.
"""

from __future__ import annotations

import sqlite3

from django.db.backends.sqlite3 import base, features
from django.utils.functional import cached_property


class DatabaseFeatures(features.DatabaseFeatures):
    """Asks the connection how many parameters a statement may have."""

    @cached_property
    def max_query_params(self) -> int:  # type: ignore[override]  # a number of the class, there
        """The limit of this connection."""
        self.connection.ensure_connection()
        return int(self.connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend itself."""

    features_class = DatabaseFeatures
