"""Jobs over the API: shapes, lists, steps, reasons, annotations, and running them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from forge.actions.models import Job, Run
from forge.actions.queries import runs as queries
from forge.repos.models import Repository
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello"
O = "/repos/{owner}/{repo}"  # noqa: E741 - as R, in the official description


@pytest.fixture
def run(repository: Repository) -> Run:
    return factories.run(factories.workflow(repository))


@pytest.fixture
def job(run: Run) -> Job:
    runner = factories.runner("big-box")
    return factories.job(queries.latest(run), "test (3.11)", labels=("self-hosted", "GPU"), runner=runner)


def test_a_job_has_the_official_shape(client: Client, run: Run, job: Job) -> None:
    factories.step(job, 1, "Set up job")
    factories.step(job, 4, "Run pytest", conclusion="failure")
    answer = client.get(f"{R}/actions/jobs/{job.pk}").json()
    official.check(answer, f"{O}/actions/jobs/{{job_id}}")
    assert (answer["name"], answer["run_id"], answer["run_attempt"]) == ("test (3.11)", run.pk, 1)
    assert answer["labels"] == ["self-hosted", "GPU"]
    assert answer["runner_name"] == "big-box"
    assert (answer["runner_group_id"], answer["runner_group_name"]) == (1, "Default")
    assert answer["check_run_url"] == f"{settings.PUBLIC_URL}{R}/check-runs/{job.pk}"
    assert answer["html_url"] == f"{settings.PUBLIC_URL}/octo/hello/actions/runs/{run.pk}/job/{job.pk}"
    assert [(step["number"], step["conclusion"]) for step in answer["steps"]] == [(1, "success"), (4, "failure")]
    assert answer["steps"][0]["started_at"] == "2026-01-15T12:00:01.000Z"
    assert answer["steps"][0]["completed_at"] == "2026-01-15T12:00:01.250Z"


def test_a_job_that_waits_says_what_for(client: Client, run: Run) -> None:
    job = factories.job(queries.latest(run), status="queued", labels=("self-hosted", "gpu"))
    answer = client.get(f"{R}/actions/jobs/{job.pk}").json()
    official.check(answer, f"{O}/actions/jobs/{{job_id}}")
    assert (answer["status"], answer["conclusion"], answer["completed_at"]) == ("queued", None, None)
    assert (answer["runner_id"], answer["runner_name"], answer["runner_group_id"]) == (None, None, None)
    assert answer["reason"]["code"] == "no_runner"
    assert answer["reason"]["labels"] == ["self-hosted", "gpu"]
    assert "no runner online has the labels self-hosted, gpu" in answer["reason"]["text"]


def test_a_job_that_ended_says_why(client: Client, run: Run) -> None:
    lost = {"code": "runner_lost", "runner": "big-box", "last_heard_at": "2026-01-15T12:00:00Z"}
    job = factories.job(queries.latest(run), conclusion="failure", reason=lost)
    reason = client.get(f"{R}/actions/jobs/{job.pk}").json()["reason"]
    assert reason == {**lost, "text": "Runner big-box was lost; it was last heard from at 15 Jan 2026, 12:00:00 UTC."}


def test_lists(client: Client, run: Run, job: Job) -> None:
    second = factories.attempt(run)
    later = [factories.job(second, "a"), factories.job(second, "b")]
    newest = client.get(f"{R}/actions/runs/{run.pk}/jobs").json()
    every = client.get(f"{R}/actions/runs/{run.pk}/jobs?filter=all").json()
    first = client.get(f"{R}/actions/runs/{run.pk}/attempts/1/jobs").json()
    for answer in (newest, every, first):
        official.check(answer, f"{O}/actions/runs/{{run_id}}/jobs")
    assert [one["id"] for one in newest["jobs"]] == [one.pk for one in later]
    assert [one["id"] for one in every["jobs"]] == [one.pk for one in (*later, job)]
    assert [one["id"] for one in first["jobs"]] == [job.pk]
    assert (newest["total_count"], every["total_count"], first["total_count"]) == (2, 3, 1)
    page = client.get(f"{R}/actions/runs/{run.pk}/jobs?per_page=1&page=2")
    assert [one["id"] for one in page.json()["jobs"]] == [later[1].pk]
    assert client.get(f"{R}/actions/runs/{run.pk}/attempts/9/jobs").status_code == 404


def test_a_carried_job_shows_the_steps_of_the_one_that_ran(client: Client, run: Run, job: Job) -> None:
    factories.step(job, 2, "Run pytest")
    factories.annotation(job, "look here")
    carried = factories.job(factories.attempt(run), "test (3.11)", carries=job, runner=job.runner)
    answer = client.get(f"{R}/actions/jobs/{carried.pk}").json()
    official.check(answer, f"{O}/actions/jobs/{{job_id}}")
    assert [step["name"] for step in answer["steps"]] == ["Run pytest"]
    assert (answer["run_attempt"], answer["carried_from_job_id"]) == (2, job.pk)
    notes = client.get(f"{R}/check-runs/{carried.pk}/annotations").json()
    assert [note["message"] for note in notes] == ["look here"]


def test_annotations(client: Client, job: Job) -> None:
    factories.annotation(job, "unused", path="src/a b.py", start_line=3, end_line=5, start_column=1, title="F401")
    factories.annotation(job, "nowhere", level="failure")
    answer = client.get(f"{R}/check-runs/{job.pk}/annotations").json()
    official.check(answer, f"{O}/check-runs/{{check_run_id}}/annotations")
    first, second = answer
    assert (first["path"], first["start_line"], first["end_line"], first["title"]) == ("src/a b.py", 3, 5, "F401")
    assert first["blob_href"] == f"{settings.PUBLIC_URL}/octo/hello/blob/{factories.SHA}/src/a%20b.py"
    assert (second["annotation_level"], second["path"]) == ("failure", ".github/workflows/ci.yml")
    assert client.get(f"{R}/check-runs/{job.pk + 1}/annotations").status_code == 404


@pytest.mark.parametrize("size", [2, 12])
def test_a_list_costs_the_same_however_long(
    client: Client, run: Run, size: int, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    attempt = queries.latest(run)
    for number in range(size):
        factories.step(factories.job(attempt, f"done{number}", runner=factories.runner()))
        factories.job(attempt, f"queued{number}", status="queued", labels=(f"label{number}",))
        factories.runner(labels=["gpu"], last_seen_at=timezone.now())
    client.get(f"{R}/actions/runs/{run.pk}/jobs")  # the token's last use is written once a minute
    # Token, repository, run, count, jobs, steps; runners, their claims and the labels of what waits.
    with django_assert_max_num_queries(10):
        assert len(client.get(f"{R}/actions/runs/{run.pk}/jobs?per_page=100").json()["jobs"]) == 2 * size
