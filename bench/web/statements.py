"""`python -m bench.web.statements PATH …`: what each page asks of the database that the settings name, as JSON.

By path: how many statements, and the large tables that one of them reads from end to end.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import django

from bench.engine import lists

#: A table of fewer rows may be read whole.
SMALL = 500


def main(paths: list[str]) -> None:
    """Each page twice: once to warm the caches, once to listen."""
    django.setup()
    from django.db import connection
    from django.test import Client

    client = Client(headers={"Host": "127.0.0.1"})
    read_whole = lists.read_whole if connection.vendor == "postgresql" else _read_whole
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        client.get(path)
        with lists.caught() as statements:
            answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        whole = {table for sql, values in statements for table in read_whole(sql, values)}
        found[path] = {"statements": len(statements), "whole": sorted(whole)}
    json.dump(found, sys.stdout)


def _read_whole(sql: str, values: Any) -> Iterator[str]:
    """The same of SQLite, whose plan says SCAN for what it reads from end to end; over an index alone it may."""
    from django.db import connection

    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        plan = [re.fullmatch(r"SCAN (\w+)", str(row[3])) for row in cursor.fetchall()]
        for name in (found.group(1) for found in plan if found):
            meant = re.search(rf'"(\w+)" (?:AS )?"?{name}"?\b', sql)  # where the statement gives it another name
            table = meant.group(1) if meant and meant.group(1) in connection.introspection.table_names() else name
            if table in connection.introspection.table_names():
                cursor.execute(f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {SMALL + 1})')
                if cursor.fetchone()[0] > SMALL:
                    yield table


if __name__ == "__main__":
    main(sys.argv[1:])
