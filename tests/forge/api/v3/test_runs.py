"""Runs over the API: shapes, lists, filters, attempts, rights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from forge.actions.models import Run
from forge.actions.queries import runs as queries
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello"
O = "/repos/{owner}/{repo}"  # noqa: E741 - as R, in the official description
REASONED = {"code": "cancelled", "by": "ada"}


@pytest.fixture
def run(repository: Repository) -> Run:
    return factories.run(factories.workflow(repository))


def test_a_run_has_the_official_shape(client: Client, run: Run) -> None:
    answer = client.get(f"{R}/actions/runs/{run.pk}").json()
    official.check(answer, f"{O}/actions/runs/{{run_id}}")
    assert (answer["id"], answer["run_number"], answer["run_attempt"]) == (run.pk, 1, 1)
    assert (answer["status"], answer["conclusion"], answer["event"]) == ("completed", "success", "push")
    assert answer["path"] == ".github/workflows/ci.yml"
    assert answer["head_commit"]["message"] == "Change 1"
    assert answer["actor"]["login"] == answer["triggering_actor"]["login"] == "octo"
    assert answer["jobs_url"] == f"{settings.PUBLIC_URL}{R}/actions/runs/{run.pk}/jobs"
    assert answer["html_url"] == f"{settings.PUBLIC_URL}/octo/hello/actions/runs/{run.pk}"
    assert answer["created_at"] == "2026-01-15T12:00:01Z"
    assert answer["reason"] is None
    assert answer["problems"] == []


def test_every_address_is_absolute_and_ours(client: Client, run: Run) -> None:
    def addresses(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [value for key, value in node.items() if key.endswith("url") and isinstance(value, str) and value]
            return own + [url for value in node.values() for url in addresses(value)]
        return []

    found = addresses(client.get(f"{R}/actions/runs/{run.pk}").json())
    assert len(found) > 100
    assert [url for url in found if not url.startswith(f"{settings.PUBLIC_URL}/")] == []


def test_the_addresses_lead_somewhere(client: Client, run: Run) -> None:
    factories.log(factories.job(queries.latest(run)), ("Run tests", ["ok"]))
    answer = client.get(f"{R}/actions/runs/{run.pk}").json()
    for name in ("url", "jobs_url", "logs_url", "workflow_url"):
        path = answer[name].removeprefix(settings.PUBLIC_URL)
        assert client.get(path).status_code in (200, 302), name


def test_people_who_are_gone_are_ghosts(client: Client, run: Run) -> None:
    Run.objects.update(actor=None)
    run.attempts.update(triggering_actor=None)
    answer = client.get(f"{R}/actions/runs/{run.pk}").json()
    official.check(answer, f"{O}/actions/runs/{{run_id}}")
    assert answer["actor"]["login"] == "ghost"


def test_a_list_has_the_official_shape_and_pages(client: Client, repository: Repository) -> None:
    workflow = factories.workflow(repository)
    made = [factories.run(workflow).pk for _ in range(5)]
    answer = client.get(f"{R}/actions/runs?per_page=2&page=2")
    official.check(answer.json(), f"{O}/actions/runs")
    assert list(answer.json()) == ["total_count", "workflow_runs"]
    assert answer.json()["total_count"] == 5
    assert [run["id"] for run in answer.json()["workflow_runs"]] == [made[2], made[1]]
    assert 'rel="next"' in answer["Link"]
    assert f"<{settings.PUBLIC_URL}{R}/actions/runs?" in answer["Link"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["rare", "usual"]),
        ("branch=topic", ["rare"]),
        ("event=workflow_dispatch", ["rare"]),
        ("status=failure", ["rare"]),
        ("status=completed", ["rare", "usual"]),
        ("status=in_progress", []),
        ("status=nonsense", []),
        ("actor=ADA", ["rare"]),
        ("actor=nobody", []),
        (f"head_sha={'a' * 40}", ["rare"]),
        ("created=%3E%3D2026-01-16", ["rare"]),
        ("created=2026-01-15", ["usual"]),
        ("created=*..2026-01-15", ["usual"]),
        ("check_suite_id=x", []),
        ("exclude_pull_requests=true", ["rare", "usual"]),
        ("branch=topic&status=success", []),
    ],
)
def test_filters(client: Client, repository: Repository, query: str, found: list[str]) -> None:
    workflow = factories.workflow(repository)
    factories.run(workflow, title="usual")
    factories.run(
        workflow,
        title="rare",
        head_branch="topic",
        event_name="workflow_dispatch",
        conclusion="failure",
        actor=factories.account("ada"),
        head_sha="a" * 40,
        created_at=factories.START + timedelta(days=3),
    )
    for path in (f"{R}/actions/runs", f"{R}/actions/workflows/ci.yml/runs"):
        answer = client.get(f"{path}?{query}").json()
        assert [run["display_title"] for run in answer["workflow_runs"]] == found
        assert answer["total_count"] == len(found)


def test_a_run_is_its_own_check_suite(client: Client, run: Run) -> None:
    suite = client.get(f"{R}/actions/runs/{run.pk}").json()["check_suite_id"]
    factories.run(run.workflow)
    answer = client.get(f"{R}/actions/runs?check_suite_id={suite}").json()
    assert [one["id"] for one in answer["workflow_runs"]] == [run.pk]


@pytest.mark.parametrize("created", ["yesterday", "2026-99-99", ">"])
def test_a_period_that_cannot_be_read_is_named(client: Client, repository: Repository, created: str) -> None:
    answer = client.get(f"{R}/actions/runs", {"created": created})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "created"


def test_attempts(client: Client, run: Run) -> None:
    factories.attempt(run, status="in_progress", triggering_actor=factories.account("ada"))
    now = client.get(f"{R}/actions/runs/{run.pk}").json()
    first = client.get(f"{R}/actions/runs/{run.pk}/attempts/1").json()
    for answer in (now, first):
        official.check(answer, f"{O}/actions/runs/{{run_id}}/attempts/{{attempt_number}}")
    assert (now["run_attempt"], now["status"], now["conclusion"]) == (2, "in_progress", None)
    assert (first["run_attempt"], first["status"], first["conclusion"]) == (1, "completed", "success")
    assert now["triggering_actor"]["login"] == "ada"
    assert now["run_started_at"] != first["run_started_at"]
    assert now["previous_attempt_url"].endswith(f"/runs/{run.pk}/attempts/1")
    assert first["previous_attempt_url"] is None
    assert client.get(f"{R}/actions/runs/{run.pk}/attempts/3").status_code == 404


def test_an_ended_run_says_why(client: Client, repository: Repository) -> None:
    run = factories.run(factories.workflow(repository), conclusion="cancelled", attempt={"reason": REASONED})
    for answer in (
        client.get(f"{R}/actions/runs/{run.pk}").json(),
        client.get(f"{R}/actions/runs").json()["workflow_runs"][0],
    ):
        assert answer["reason"] == {**REASONED, "text": "Cancelled by ada."}


def test_a_waiting_run_says_what_its_first_job_waits_for(
    client: Client, repository: Repository, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    workflow = factories.workflow(repository)
    for number in range(4):
        attempt = queries.latest(factories.run(workflow, status="queued"))
        factories.job(attempt, "done", status="completed")
        factories.job(attempt, "first", status="queued", labels=(f"gpu{number}",))
        factories.job(attempt, "second", status="queued", labels=("other",))
    client.get(f"{R}/actions/runs")
    with django_assert_max_num_queries(7):  # and jobs, runners, their claims, labels
        listed = client.get(f"{R}/actions/runs").json()["workflow_runs"]
    assert [run["reason"]["labels"] for run in listed] == [["gpu3"], ["gpu2"], ["gpu1"], ["gpu0"]]
    one = client.get(f"{R}/actions/runs/{listed[0]['id']}").json()["reason"]
    assert one == listed[0]["reason"]
    assert (one["code"], one["text"]) == ("no_runner", "Waiting for a runner: no runner online has the label gpu3.")


def test_a_startup_failure_lists_its_problems(client: Client, repository: Repository) -> None:
    file = ".github/workflows/ci.yml"
    problems = [
        {"file": file, "line": 4, "column": 7, "message": "unknown key 'stepz'"},
        {"file": file, "line": 0, "column": 0, "message": "no job at all"},
    ]
    run = factories.run(
        factories.workflow(repository),
        conclusion="startup_failure",
        attempt={"problems": problems, "reason": {"code": "startup_failure"}},
    )
    answer = client.get(f"{R}/actions/runs/{run.pk}").json()
    official.check(answer, f"{O}/actions/runs/{{run_id}}")
    assert answer["conclusion"] == "startup_failure"
    assert answer["problems"] == problems
    assert answer["reason"]["code"] == "startup_failure"
    jobs = client.get(f"{R}/actions/runs/{run.pk}/jobs").json()
    assert jobs == {"total_count": 0, "jobs": []}
    notes = client.get(f"{R}/actions/runs/{run.pk}/annotations").json()
    official.check(notes, f"{O}/check-runs/{{check_run_id}}/annotations")
    assert (notes[0]["path"], notes[0]["start_line"], notes[0]["start_column"]) == (file, 4, 7)
    assert notes[0]["message"] == "unknown key 'stepz'"
    assert (notes[1]["start_line"], notes[1]["start_column"]) == (1, None)


def test_the_repository_may_be_named_by_id_everywhere(client: Client, run: Run) -> None:
    by_id = f"/api/v3/repositories/{run.repository_id}"
    for path in ("actions/runs", f"actions/runs/{run.pk}", "actions/workflows", f"actions/runs/{run.pk}/jobs"):
        assert client.get(f"{by_id}/{path}").json() == client.get(f"{R}/{path}").json()


@pytest.mark.parametrize("size", [2, 12])
def test_a_list_costs_the_same_however_long(
    client: Client, repository: Repository, size: int, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(size):
        workflow = factories.workflow(repository, f"{number}.yml")
        run = factories.run(workflow, actor=factories.account())
        factories.job(queries.latest(run))
    client.get(f"{R}/actions/runs")  # the token's last use is written once a minute
    with django_assert_max_num_queries(3):  # the token, the repository, the runs
        assert len(client.get(f"{R}/actions/runs").json()["workflow_runs"]) == size


def test_timing(client: Client, run: Run) -> None:
    attempt = queries.latest(run)
    for os in ("Linux", "Linux", "macOS"):
        factories.job(attempt, f"{os}{attempt.jobs.count()}", runner=factories.runner(os=os))
    factories.job(attempt, "queued", status="queued")
    assert client.get(f"{R}/actions/runs/{run.pk}/timing").json() == {
        "billable": {"UBUNTU": {"total_ms": 120_000, "jobs": 2}, "MACOS": {"total_ms": 60_000, "jobs": 1}},
        "run_duration_ms": 90_000,
    }


@pytest.mark.parametrize("list_", ["approvals", "pending_deployments"])
def test_nothing_waits_for_a_review(client: Client, run: Run, list_: str) -> None:
    answer = client.get(f"{R}/actions/runs/{run.pk}/{list_}")
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize(
    "path", ["runs", "runs/{run}", "runs/{run}/jobs", "runs/{run}/timing", "runs/{run}/logs", "workflows"]
)
def test_who_may_read(as_: Any, repository: Repository, run: Run, path: str) -> None:
    factories.log(factories.job(queries.latest(run)), ("Run tests", ["ok"]))
    url = f"{R}/actions/{path.format(run=run.pk)}"
    stranger = factories.account()
    guest = factories.account()
    Collaborator.objects.create(repository=repository, user=guest, right=Right.READ)
    assert Client().get(url).status_code in (200, 302)
    repository.private = True
    repository.save()
    assert Client().get(url).status_code == 404
    assert as_(stranger).get(url).status_code == 404
    assert as_(stranger).get(url).json()["message"] == "Not Found"
    assert as_(guest).get(url).status_code in (200, 302)
    assert as_(guest, "read:org").get(url).status_code == 404
    assert Client(headers={"Authorization": "Bearer shp_wrong"}).get(url).status_code == 401


@pytest.mark.parametrize("path", ["runs/{run}", "runs/{run}/jobs", "runs/{run}/logs", "runs/{run}/cancel"])
def test_ids_of_another_repository_are_not_found(client: Client, repository: Repository, path: str) -> None:
    foreign = factories.run(factories.workflow(factories.repository(private=True)))
    url = f"{R}/actions/{path.format(run=foreign.pk)}"
    method = client.post if path.endswith("cancel") else client.get
    assert method(url).status_code == 404
    assert method(f"{R}/actions/{path.format(run=10**25)}").status_code == 404
