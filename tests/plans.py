"""How a database would answer a statement if its tables were long: what an index test asks.

A test has few rows, and what a planner makes of few rows depends on what was counted when: PostgreSQL counts on its
own, and another test may have had it count. So it is told here that every table is long, and that reading a table
whole and sorting are out of the question; whatever it then does without an index it can only do so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

#: PostgreSQL takes the rows of a table to be its size now times this density; sizes of indexes are their own.
_MANY_ROWS = """
UPDATE pg_class SET relpages = 1, reltuples = 1000000
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def plan(statement: str, values: Sequence[Any] | None = None, *, sort: bool = False) -> str:
    """The plan of `statement` with `values`, as the database words it. With `sort`, rows may be sorted.

    Nothing that is told to the planner remains: it is rolled back.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        else:
            cursor.execute(_MANY_ROWS)
            for way in ("seqscan", "bitmapscan", *(() if sort else ("sort",))):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(f"EXPLAIN {statement}", values)
        found = "\n".join(str(row[-1]) for row in cursor.fetchall())
        transaction.set_rollback(True)
    return found
