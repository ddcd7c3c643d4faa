"""A repository with so many runs, made by a few statements of PostgreSQL or SQLite from one run that stands for all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction

WORKFLOWS, ACTORS = 5, 10
#: Runs that are not over yet: the newest.
OPEN = 5

_STATE = "CASE WHEN g > {last} THEN 'in_progress' ELSE 'completed' END"
_CONCLUSION = (
    "CASE WHEN g > {last} THEN NULL WHEN g % 7 = 0 THEN 'failure' WHEN g % 20 = 1 THEN 'cancelled' ELSE 'success' END"
)
_CREATED = "{created}"
_ENDED = "CASE WHEN g > {last} THEN NULL ELSE {ended} END"
_BRANCH = "CASE WHEN g % 10 < 5 THEN 'main' ELSE 'topic-' || g % 10 END"
_EVENT = "CASE g % 10 WHEN 3 THEN 'schedule' WHEN 4 THEN 'workflow_dispatch' ELSE 'push' END"
_SHA = "md5(CAST(g AS text)) || 'ffffffff'"
_WORKFLOW, _ACTOR = "{workflow} + g % 5", "{actor} + g % 10"

#: What is written otherwise: a run's times, and where its number comes from.
_DIALECTS = {
    "postgresql": {
        "created": "now() - ({size} - g) * interval '1 minute'",
        "ended": "now() - ({size} - g) * interval '1 minute' + interval '50 seconds'",
        "numbers": "generate_series(2, {size}) g",
    },
    "sqlite": {
        "created": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || ({size} - g) || ' minutes')",
        "ended": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || ({size} - g) || ' minutes', '+50 seconds')",
        "numbers": "(WITH RECURSIVE s(g) AS (SELECT 2 UNION ALL SELECT g + 1 FROM s WHERE g < {size}) SELECT g FROM s)",
    },
}

#: What differs from the first row, by table; the other columns are as there.
_TABLES: dict[str, dict[str, str]] = {
    "Event": {"name": _EVENT, "key": "'run:' || g", "sha": _SHA, "created_at": _CREATED, "actor_id": _ACTOR},
    "Run": {
        "workflow_id": _WORKFLOW,
        "event_id": "g",
        "latest_attempt_id": "g",
        "run_number": "g",
        "run_index": "g",
        "title": "'Change ' || g",
        "event_name": _EVENT,
        "head_branch": _BRANCH,
        "head_sha": _SHA,
        "actor_id": _ACTOR,
        "created_at": _CREATED,
        "updated_at": _CREATED,
    },
    "RunAttempt": {
        "run_id": "g",
        "workflow_id": _WORKFLOW,
        "status": _STATE,
        "conclusion": _CONCLUSION,
        "triggering_actor_id": _ACTOR,
        "started_at": _CREATED,
        "updated_at": _CREATED,
        "completed_at": _ENDED,
    },
    "JobNode": {"attempt_id": "g"},
    "Job": {
        "run_id": "g",
        "attempt_id": "g",
        "node_id": "g",
        "status": _STATE,
        "conclusion": _CONCLUSION,
        "free": "true",
        "created_at": _CREATED,
        "queued_at": _CREATED,
        "started_at": _CREATED,
        "completed_at": _ENDED,
    },
    "Step": {"job_id": "g", "started_at": _CREATED},
}


@dataclass(frozen=True)
class Made:
    """What there is now. Run ids count from 1, one a minute up to now."""

    owner: Any
    repository: Any
    size: int


def make(size: int) -> Made:
    """Fill an empty database; run ids are 1 … ``size``."""
    from forge.actions.models import Run
    from tests import factories

    owner = factories.account("octo")
    repository = factories.repository(owner, "hello")
    actors = [factories.account(f"actor{number}") for number in range(ACTORS)]
    workflows = [factories.workflow(repository, f"{number}.yml", name=f"W{number}") for number in range(WORKFLOWS)]
    first = factories.run(workflows[0])
    factories.step(factories.job(first.attempts.get()))
    words: dict[str, Any] = {"size": size, "last": size - OPEN, "workflow": workflows[0].pk, "actor": actors[0].pk}
    words |= {key: text.format(size=size) for key, text in _DIALECTS[connection.vendor].items()}
    (_fill_postgresql if connection.vendor == "postgresql" else _fill_sqlite)(Run._meta.apps, words)
    repository.run_count = repository.last_run_index = size
    repository.save()
    for number, workflow in enumerate(workflows):
        workflow.run_count = sum(1 for g in range(1, size + 1) if g % WORKFLOWS == number)
        workflow.last_run_number = size
        workflow.save()
    if connection.vendor == "postgresql":  # it does so by itself, but later
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return Made(owner, repository, size)


def _fill_postgresql(apps: Any, words: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows that belong together are checked by nobody
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for name, different in _TABLES.items():
            model = apps.get_model("actions", name)
            table = model._meta.db_table
            with _without_indexes(cursor, table):
                cursor.execute(_insert(model, different, words))
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, words["size"]])
        cursor.execute("SET session_replication_role = origin")


def _fill_sqlite(apps: Any, words: Mapping[str, Any]) -> None:
    connection.ensure_connection()
    connection.connection.create_function("md5", 1, _md5, deterministic=True)
    with transaction.atomic(), connection.cursor() as cursor:  # rows that belong together are checked at its end
        for name, different in _TABLES.items():
            cursor.execute(_insert(apps.get_model("actions", name), different, words))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def _without_indexes(cursor: Any, table: str) -> Iterator[None]:
    """Made again at once instead of row by row; but for the primary key's."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'",
        [table],
    )
    constraints = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = %s::regclass AND NOT indisprimary",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for name, definition in constraints:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _insert(model: type[models.Model], different: Mapping[str, str], words: Mapping[str, int]) -> str:
    columns = [field.column for field in model._meta.local_concrete_fields]
    given = {"id": "g", **different}
    values = [given[column].format(**words) if column in given else f't."{column}"' for column in columns]
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} t, {words['numbers']} WHERE t.id = 1"
