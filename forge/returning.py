"""UPDATE … RETURNING: change a row and read it in one statement, which Django's own ``update`` cannot do."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql import UpdateQuery


def update(rows: QuerySet[Any], *columns: str, **values: Any) -> tuple[Any, ...] | None:
    """Set the values, which may be expressions, and answer the columns of the row as they are now, in the database's
    own types; None when there is no such row. For one row: of several any one is answered."""
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(values)
    statement, parameters = query.get_compiler(rows.db).as_sql()
    wanted = ", ".join(map(connections[rows.db].ops.quote_name, columns))
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {wanted}", parameters)
        found = cursor.fetchall()
    return tuple(found[0]) if found else None
