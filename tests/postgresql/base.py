"""What Django looks for in a database backend; see forge/sqlite/base.py for another."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    """Empties tables by DELETE. TRUNCATE makes new files for each table and its indexes, some 400 of them after
    every test, for the few rows that one leaves."""

    def sql_flush(
        self, style: Any, tables: Any, *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        """One statement for the server; keys between the tables are looked at when it is over."""
        return ["; ".join(f"DELETE FROM {self.quote_name(table)}" for table in tables)] if tables else []


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend itself."""

    ops_class = DatabaseOperations
