"""Which jobs a runner may take, as one condition of SQL: the claim goes by it, and what is said of a job that waits.

A runner of a repository takes that one's jobs, one of the site any. One of an owner takes those of the owner's
repositories that its group is open to. The group's rows are read by the statement that takes the job, so that what an
owner has just closed is closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from forge.actions.models import Job
from forge.repos.models import Repository
from forge.runners.models import Runner, RunnerGroup, RunnerGroupWorkflow

_JOBS, _GROUPS, _REPOSITORIES = Job._meta.db_table, RunnerGroup._meta.db_table, Repository._meta.db_table
_SELECTED = RunnerGroup.selected_repositories.through._meta.db_table
_WORKFLOWS = RunnerGroupWorkflow._meta.db_table

#: The group ``g`` is open to the job ``j`` of the repository ``r``.
_OPEN = (
    "(r.private OR (g.allows_public_repositories AND g.visibility <> 'private'))"
    f" AND (g.visibility <> 'selected' OR EXISTS (SELECT 1 FROM {_SELECTED} s"
    " WHERE s.runnergroup_id = g.id AND s.repository_id = r.id))"
    f" AND (NOT g.restricted_to_workflows OR EXISTS (SELECT 1 FROM {_WORKFLOWS} w"
    " WHERE w.group_id = g.id AND w.file = j.file AND w.ref IN (j.file_ref, j.file_sha)))"
)


def condition(runner: Runner) -> tuple[str, list[Any]]:
    """What a job ``j`` has to be for the runner to take it: more of a WHERE, and its parameters."""
    if runner.repository_id is not None:
        return " AND j.repository_id = %s", [runner.repository_id]
    if runner.owner_id is None:
        return "", []
    within = f"SELECT 1 FROM {_GROUPS} g, {_REPOSITORIES} r WHERE g.id = %s AND r.id = j.repository_id AND {_OPEN}"
    return f" AND j.owner_id = %s AND EXISTS ({within})", [runner.owner_id, runner.group_id]


def opened(jobs: Iterable[int], groups: Iterable[int]) -> set[tuple[int, int]]:
    """Of all pairs of these jobs and groups (by id) those where the group is open to the job, in one query."""
    wanted, among = list(jobs), list(groups)
    if not wanted or not among:
        return set()
    statement = (
        f"SELECT j.id, g.id FROM {_JOBS} j JOIN {_REPOSITORIES} r ON r.id = j.repository_id"
        f" JOIN {_GROUPS} g ON g.owner_id = j.owner_id"
        f" WHERE j.id IN ({_places(wanted)}) AND g.id IN ({_places(among)}) AND {_OPEN}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*wanted, *among])
        return {(job, group) for job, group in cursor.fetchall()}


def _places(values: list[int]) -> str:
    return ", ".join(["%s"] * len(values))
