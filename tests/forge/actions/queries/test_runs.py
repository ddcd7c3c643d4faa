"""Which runs, attempts, jobs and workflows are found, in how many queries, and by which index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test.utils import CaptureQueriesContext

from forge.actions.models import Event, Run, RunAttempt, Workflow
from forge.actions.queries import runs as queries
from forge.actions.queries.periods import period
from forge.actions.queries.runs import RunFilter
from forge.errors import NotFound
from forge.repos.models import Repository
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    return factories.repository()


def test_newest_first_and_only_of_this_repository(repository: Repository) -> None:
    workflow = factories.workflow(repository)
    made = [factories.run(workflow).pk for _ in range(3)]
    factories.run(factories.workflow(factories.repository()))
    assert [run.pk for run in queries.runs(repository)] == made[::-1]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"head_branch": "topic"}, RunFilter(branch="topic")),
        ({"event_name": "workflow_dispatch"}, RunFilter(event="workflow_dispatch")),
        ({"head_sha": "a" * 40}, RunFilter(head_sha="a" * 40)),
        ({"status": "queued"}, RunFilter(status="queued")),
        ({"conclusion": "failure"}, RunFilter(status="failure")),
        ({"created_at": factories.START.replace(year=2020)}, RunFilter(created=period("<2021-01-01"))),
    ],
)
def test_each_filter(repository: Repository, fields: dict[str, Any], wanted: RunFilter) -> None:
    workflow = factories.workflow(repository)
    other = factories.run(workflow)
    found = factories.run(workflow, **fields)
    assert list(queries.runs(repository, wanted)) == [found]
    assert queries.count(repository, wanted) == 1
    assert other not in queries.runs(repository, replace(wanted, workflow=workflow))


def test_by_workflow_actor_and_suite(repository: Repository) -> None:
    ada = factories.account("Ada")
    first, second = factories.workflow(repository), factories.workflow(repository, "lint.yml")
    factories.run(first)
    found = factories.run(second, actor=ada)
    for wanted in (RunFilter(workflow=second), RunFilter(actor="aDA"), RunFilter(check_suite_id=found.pk)):
        assert list(queries.runs(repository, wanted)) == [found]


@pytest.mark.parametrize(
    "wanted", [RunFilter(status="nonsense"), RunFilter(actor="nobody"), RunFilter(check_suite_id=10**30)]
)
def test_what_nobody_has_finds_nothing(repository: Repository, wanted: RunFilter) -> None:
    factories.run(factories.workflow(repository))
    assert list(queries.runs(repository, wanted)) == []
    assert queries.count(repository, wanted) == 0


def test_status_is_that_of_the_latest_attempt(repository: Repository) -> None:
    run = factories.run(factories.workflow(repository), conclusion="failure")
    factories.attempt(run, status="in_progress")
    assert not queries.runs(repository, RunFilter(status="failure")).exists()
    assert list(queries.runs(repository, RunFilter(status="in_progress"))) == [run]


def test_counts_are_exact_from_counters_and_bounded_for_a_search(repository: Repository) -> None:
    workflow = factories.workflow(repository)
    factories.run(workflow)
    repository.run_count, workflow.run_count = 1_000_000, 400_000
    assert queries.count(repository) == 1_000_000
    assert queries.count(repository, RunFilter(workflow=workflow)) == 400_000
    assert queries.count(repository, RunFilter(branch="main")) == 1


def test_states_are_counted_within_a_workflow(repository: Repository) -> None:
    first, second = factories.workflow(repository), factories.workflow(repository, "lint.yml")
    failed = factories.run(second, conclusion="failure")
    for workflow, conclusion in ((first, "failure"), (second, "success")):
        factories.run(workflow, conclusion=conclusion)
    wanted = RunFilter(workflow=second, status="failure")
    assert list(queries.runs(repository, wanted)) == [failed]
    assert queries.count(repository, wanted) == 1
    assert queries.count(repository, RunFilter(status="failure")) == 2


def test_a_search_counts_no_further_than_its_limit(repository: Repository) -> None:
    with CaptureQueriesContext(connection) as seen:
        queries.count(repository, RunFilter(event="push"))
    assert "LIMIT 1000" in seen[0]["sql"]


def test_ids_of_others_are_not_found(repository: Repository) -> None:
    foreign = factories.run(factories.workflow(factories.repository()))
    job = factories.job(queries.latest(foreign))
    for ask in (
        lambda: queries.run(repository, foreign.pk),
        lambda: queries.job(repository, job.pk),
        lambda: queries.workflow(repository, foreign.workflow_id),
        lambda: queries.run(repository, 2**70),
        lambda: queries.attempt(foreign, 7),
        lambda: queries.workflow(repository, "9" * 40),
        lambda: queries.workflow(repository, "none.yml"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_of_two_files_with_one_name_the_first_folder_wins_unless_gone(repository: Repository) -> None:
    plain = factories.workflow(repository, ".github/workflows/ci.yml")
    own = factories.workflow(repository, ".shithub/workflows/ci.yml")
    assert queries.workflow(repository, "ci.yml") == own
    assert queries.workflow(repository, ".github/workflows/ci.yml") == plain
    assert queries.workflow(repository, str(plain.pk)) == plain
    own.state = "deleted"
    own.save()
    assert queries.workflow(repository, "ci.yml") == plain
    plain.delete()
    assert queries.workflow(repository, "ci.yml") == own


@pytest.mark.parametrize("size", [2, 9])
def test_a_list_costs_the_same_however_long(
    repository: Repository, size: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    workflow = factories.workflow(repository)
    for _ in range(size):
        attempt = queries.latest(factories.run(workflow, actor=factories.account()))
        factories.step(factories.job(attempt, "a"))
    for number in range(size):
        factories.job(attempt, f"job{number}", runner=factories.runner())
    with django_assert_num_queries(1):
        for run in queries.runs(repository):
            shown = queries.latest(run)
            assert None not in (shown.run.actor, shown.triggering_actor, run.workflow.path)
    with django_assert_num_queries(2):  # and the steps of all of them
        for job in queries.jobs(attempt):
            assert None not in (job.label_set, job.run.title, job.attempt.number)
            assert bool(job.runner) != bool(job.steps.all())


def test_carried_jobs_lead_to_the_one_that_ran(repository: Repository) -> None:
    run = factories.run(factories.workflow(repository))
    ran = factories.job(queries.latest(run))
    factories.annotation(ran, "seen")
    second = factories.job(factories.attempt(run), carries=ran)
    third = factories.job(factories.attempt(run), carries=second)
    assert queries.source(third) == ran
    assert [note.message for note in queries.job_annotations(third)] == ["seen"]
    assert list(queries.jobs_of_all_attempts(run)) == [third, second, ran]


INDEXES = {
    "run_newest": RunFilter(),
    "run_branch": RunFilter(branch="b7"),
    "run_by_event": RunFilter(event="e7"),
    "run_sha": RunFilter(head_sha="7" * 40),
    "run_actor": RunFilter(actor="actor7"),
    "attempt_by_status": RunFilter(status="queued"),
    "attempt_by_conclusion": RunFilter(status="failure"),
    "run_created": RunFilter(created=period("2026-01-15T12:20:00Z..2026-01-15T12:20:05Z")),
}


def test_each_filter_has_its_index(repository: Repository) -> None:
    rare = _many(repository)
    of_workflow = {
        "run_of_workflow": RunFilter(workflow=rare),
        "attempt_of_workflow_status": RunFilter(workflow=rare, status="queued"),
        "attempt_of_workflow_conclusion": RunFilter(workflow=rare, status="failure"),
    }
    wrong = {}
    for index, wanted in {**INDEXES, **of_workflow}.items():
        _plan_as_for_many(sort=index == "run_created")
        plan = queries.runs(repository, wanted)[:30].explain()
        if not any(name in plan for name in (index, *AS_GOOD.get((connection.vendor, index), ()))):
            wrong[index] = plan
    assert wrong == {}, "\n".join(f"{index}:\n{plan}" for index, plan in wrong.items())


def _plan_as_for_many(*, sort: bool) -> None:
    """So few rows are quickly sorted and scanned; a planner that sees millions would not."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            for way in ("sort", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{way} = {'on' if sort else 'off'}")


#: SQLite appends the row id to every index, so that of a foreign key alone serves as well; and PostgreSQL may
#: read the newest runs by their id when every other one is of this repository.
AS_GOOD = {
    ("sqlite", "run_newest"): ("actions_run_repository_id_",),
    ("sqlite", "run_of_workflow"): ("actions_run_workflow_id_",),
    ("postgresql", "run_newest"): ("actions_run_pkey",),
}


def _many(repository: Repository) -> Workflow:
    """Many runs here and more of them elsewhere, so that a planner wants the index. Returns a rare workflow."""
    rare = factories.workflow(repository, "rare.yml")
    for place, size in ((repository, 2000), (factories.repository(), 8000)):
        special = rare if place == repository else factories.workflow(place, "rare.yml")
        pattern = factories.run(factories.workflow(place))
        actors = [factories.account(f"actor{n}" if place == repository else "") for n in range(50)]
        events = Event.objects.bulk_create(
            Event(repository=place, name="push", key=f"many:{n}", ref=pattern.ref, sha=pattern.head_sha)
            for n in range(size)
        )
        made = Run.objects.bulk_create(
            Run(
                repository=place,
                workflow=special if n % 100 == 3 else pattern.workflow,
                event=event,
                source_id=pattern.source_id,
                run_number=n + 10,
                run_index=n + 10,
                event_name=f"e{n % 50}",
                ref=pattern.ref,
                head_branch=f"b{n % 50}",
                head_sha=f"{n % 50:02}"[-1] * 40 if n % 50 < 10 else f"{n:040}",
                actor=actors[n % 50],
                created_at=factories.START + timedelta(seconds=n),
            )
            for n, event in enumerate(events)
        )
        _attempts(place, made)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return rare


def _attempts(place: Repository, made: list[Run]) -> None:
    ends = {0: ("queued", None), 1: ("completed", "failure")}
    RunAttempt.objects.bulk_create(
        RunAttempt(run=run, repository=place, workflow=run.workflow, number=1, status=status, conclusion=conclusion)
        for n, run in enumerate(made)
        for status, conclusion in [ends.get(n % 50, ("completed", "success"))]
    )
    own = RunAttempt.objects.filter(run=OuterRef("pk")).values("id")[:1]
    Run.objects.filter(repository=place, latest_attempt=None).update(latest_attempt=Subquery(own))
