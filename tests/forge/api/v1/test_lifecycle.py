"""The two calls of /api/v1: exact bodies, codes and errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions.models import Claim, Run, Workflow
from forge.actions.queries import runs as queries
from forge.repos.models import Collaborator, Repository, Right
from tests import factories

FILE = "on: push\njobs:\n  a: {runs-on: x, steps: [{run: 'true'}]}\n  b: {runs-on: x, steps: [{run: 'true'}]}\n"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def owner(db: None) -> Account:
    return factories.account("octo")


@pytest.fixture
def repository(owner: Account) -> Repository:
    return factories.repository(owner, "hello")


@pytest.fixture
def workflow(repository: Repository) -> Workflow:
    return factories.workflow(repository)


@pytest.fixture
def run(repository: Repository, workflow: Workflow) -> Run:
    """A run of a real file at a real commit, both jobs queued."""
    sha = factories.push(repository, {workflow.path: FILE}, "refs/heads/main")
    run = factories.run(workflow, status="completed", head_sha=sha, source=factories.source(FILE))
    return run


def asking(account: Account, *scopes: str) -> Client:
    return Client(headers={"Authorization": f"token {factories.token(account, *(scopes or ('repo:write',)))}"})


def body(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def again(owner: Account, run: Run) -> Run:
    """A new run made of it through the API: its jobs are queued."""
    found = body(asking(owner).post(f"/api/v1/runs/{run.pk}/rerun"), 201)
    return Run.objects.get(pk=found["run_id"])


def test_rerun_makes_a_new_run(owner: Account, repository: Repository, run: Run) -> None:
    found = body(asking(owner).post(f"/api/v1/runs/{run.pk}/rerun"), 201)
    made = Run.objects.latest("id")
    assert found == {
        "run_id": made.pk,
        "run_index": 2,
        "parent_run_id": run.pk,
        "repo_id": repository.pk,
        "workflow_file": ".github/workflows/ci.yml",
        "head_sha": run.head_sha,
    }
    assert made.parent == run
    assert [job.name for job in queries.jobs(queries.latest(made))] == ["a", "b"]


def test_rerun_only_of_what_is_over(owner: Account, again: Run) -> None:
    assert body(asking(owner).post(f"/api/v1/runs/{again.pk}/rerun"), 409)["error"]


def test_rerun_only_of_what_parses(owner: Account, workflow: Workflow, run: Run) -> None:
    broken = factories.run(workflow, conclusion="startup_failure", source=factories.source("on: push\njobs: 7\n"))
    assert "does not parse" in body(asking(owner).post(f"/api/v1/runs/{broken.pk}/rerun"), 422)["error"]


def test_cancel_of_a_queued_job_ends_it_at_once(owner: Account, repository: Repository, again: Run) -> None:
    first, second = queries.jobs(queries.latest(again))
    found = body(asking(owner).post(f"/api/v1/jobs/{first.pk}/cancel"), 202)
    expected = {"job_id": first.pk, "run_id": again.pk, "repo_id": repository.pk}
    assert found == {**expected, "changed_jobs": 1, "run_completed": False, "run_conclusion": ""}
    once_more = body(asking(owner).post(f"/api/v1/jobs/{first.pk}/cancel"), 202)
    assert once_more == {**expected, "changed_jobs": 0, "run_completed": False, "run_conclusion": ""}
    last = body(asking(owner).post(f"/api/v1/jobs/{second.pk}/cancel"), 202)
    assert (last["changed_jobs"], last["run_completed"], last["run_conclusion"]) == (1, True, "cancelled")
    assert queries.job(repository, second.pk).conclusion == "cancelled"


def test_cancel_of_a_running_job_is_asked_of_its_runner(owner: Account, repository: Repository, again: Run) -> None:
    attempt = queries.latest(again)
    runner = factories.runner()
    job = factories.job(attempt, "running", status="in_progress", runner=runner)
    Claim.objects.create(job=job, runner=runner, epoch=1, request_key="k", lease_expires_at=timezone.now())
    found = body(asking(owner).post(f"/api/v1/jobs/{job.pk}/cancel"), 202)
    assert (found["changed_jobs"], found["run_completed"]) == (1, False)
    job = queries.job(repository, job.pk)
    assert (job.status, job.cancel_requested_at is not None) == ("in_progress", True)


@pytest.mark.parametrize("path", ["jobs/{job}/cancel", "runs/{run}/rerun"])
def test_who_may(owner: Account, repository: Repository, run: Run, path: str) -> None:
    job = factories.job(queries.latest(run))
    url = f"/api/v1/{path.format(job=job.pk, run=run.pk)}"
    stranger, guest, writer = factories.account(), factories.account(), factories.account()
    for account, right in ((guest, Right.READ), (writer, Right.WRITE)):
        Collaborator.objects.create(repository=repository, user=account, right=right)
    repository.private = True
    repository.save()
    assert set(body(asking(stranger).post(url), 404)) == {"error"}
    assert set(body(asking(guest).post(url), 403)) == {"error"}
    assert set(body(asking(writer, "repo:read").post(url), 403)) == {"error"}
    assert set(body(Client().post(url), 404)) == {"error"}
    assert set(body(Client(headers={"Authorization": "token shp_no"}).post(url), 401)) == {"error"}
    assert asking(writer).post(url).status_code in (201, 202)


def test_a_public_repository_needs_the_scope_all_the_same(owner: Account, run: Run) -> None:
    answer = asking(owner, "public_repo").post(f"/api/v1/runs/{run.pk}/rerun")
    assert "repo:write" in body(answer, 403)["error"]


@pytest.mark.parametrize("path", ["jobs/99999/cancel", "runs/99999/rerun", f"runs/{10**30}/rerun"])
def test_unknown_ids(owner: Account, path: str) -> None:
    assert set(body(asking(owner).post(f"/api/v1/{path}"), 404)) == {"error"}


@pytest.mark.parametrize("path", ["jobs/-1/cancel", "runs/x/rerun", "nothing"])
def test_an_address_without_a_route_is_refused_in_the_same_words(path: str) -> None:
    answer = Client().post(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
