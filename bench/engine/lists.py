"""`python -m bench.engine.lists SIZE`: answers requests about a repository with so many runs, and times each.

It fills the database that FORGE_DATABASE_URL names, prints the names of what it can be asked for, and then reads one
name a line: seconds of one request, through everything but the socket. `plans` answers with the statements of each
request and the large tables that one of them reads from end to end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import django

#: A table of fewer rows may be read whole.
_SMALL = 500


def main(size: int) -> None:
    """Serve until the input ends."""
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    from bench.engine import many_runs
    from tests import factories

    made = many_runs.make(size)
    token = factories.token(made.owner)
    clients = {"api": Client(headers={"Authorization": f"Bearer {token}"}), "page": Client()}
    asked = {name: (kind, path) for name, kind, path in requests(made)}

    def ask(name: str) -> None:
        kind, path = asked[name]
        answer = clients[kind].get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.content[:500])

    for name in asked:  # every cache is warm
        ask(name)
    print(json.dumps(list(asked)), flush=True)
    for line in sys.stdin:
        print(json.dumps(plans(list(asked), ask) if line.strip() == "plans" else timed(ask, line.strip())), flush=True)


def requests(made: Any) -> Iterator[tuple[str, str, str]]:
    """Name, kind of client, and address of everything that is measured."""
    size, now = made.size, datetime.now(UTC)

    def ago(minutes: int) -> str:
        return f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"

    runs, middle = "/api/v3/repos/octo/hello/actions/runs", size // 2
    filters: dict[str, dict[str, str]] = {
        "all": {},
        "branch, half of them": {"branch": "main"},
        "branch, a tenth": {"branch": "topic-7"},
        "actor": {"actor": "actor3"},
        "event": {"event": "schedule"},
        "status completed": {"status": "completed"},
        "status in_progress": {"status": "in_progress"},
        "conclusion failure": {"status": "failure"},
        "head_sha": {"head_sha": _sha(middle)},
        "check_suite_id": {"check_suite_id": str(middle)},
        "created, the newest": {"created": f">={ago(100)}"},
        "created, in the middle": {"created": f"{ago(middle + 100)}..{ago(middle)}"},
        "created, the oldest": {"created": f"<={ago(size - 100)}"},
        "created, all but the newest": {"created": f"<={ago(100)}"},
        "exclude_pull_requests": {"exclude_pull_requests": "true"},
        "branch and conclusion": {"branch": "main", "status": "failure"},
        "page 5 of 100": {"page": "5", "per_page": "100"},
    }
    for name, query in filters.items():
        yield f"runs: {name}", "api", f"{runs}?{urlencode(query)}"
    of_workflow = "/api/v3/repos/octo/hello/actions/workflows/2.yml/runs"
    for name in ("all", "branch, a tenth", "event", "conclusion failure", "created, the newest"):
        yield f"runs of a workflow: {name}", "api", f"{of_workflow}?{urlencode(filters[name])}"
    yield "a run", "api", f"{runs}/{middle}"
    yield "its jobs", "api", f"{runs}/{middle}/jobs"
    yield "page: list", "page", "/octo/hello/actions"
    for text in ("is:failure", "branch:topic-7", "Change", "nothing-like-it", f"sha:{_sha(middle)[:8]}"):
        yield f"page: list, {text.split(':')[0]}", "page", f"/octo/hello/actions?{urlencode({'query': text})}"
    yield "page: run", "page", f"/octo/hello/actions/runs/{middle}"


def timed(ask: Callable[[str], None], name: str) -> float:
    """Seconds of one request."""
    started = time.perf_counter()
    ask(name)
    return time.perf_counter() - started


def plans(names: list[str], ask: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Of each request: how many statements, and the large tables that are read without an index."""
    found = {}
    for name in names:
        ask(name)  # a token's last use is written once a minute
        with caught() as statements:
            ask(name)
        whole = {table for sql, values in statements for table in read_whole(sql, values)}
        found[name] = {"statements": len(statements), "whole": sorted(whole)}
    return found


@contextmanager
def caught() -> Iterator[list[tuple[str, Any]]]:
    """The statements that are carried out meanwhile, with their values."""
    from django.db import connection

    statements: list[tuple[str, Any]] = []

    def catch(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        statements.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(catch):
        yield statements


def read_whole(sql: str, values: Any) -> Iterator[str]:
    """The large tables that PostgreSQL means to read from end to end for a statement."""
    from django.db import connection

    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        [[[plan]]] = cursor.fetchall()
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [_SMALL])
        large = {name for (name,) in cursor.fetchall()}
    yield from (name for name in _scans(plan["Plan"]) if name in large)


def _scans(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for inner in node.get("Plans", []):
        yield from _scans(inner)


def _sha(number: int) -> str:
    import hashlib

    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() + "f" * 8


if __name__ == "__main__":
    main(int(sys.argv[1]))
