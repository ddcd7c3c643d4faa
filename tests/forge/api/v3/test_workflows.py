"""Workflows over the API, with a real git repository where one is dispatched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from forge.accounts.models import Account
from forge.actions.models import Run, Workflow
from forge.actions.queries import runs as queries
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello"
O = "/repos/{owner}/{repo}"  # noqa: E741 - as R, in the official description

DISPATCHED = """
on:
  workflow_dispatch:
    inputs:
      name: {type: string, required: true}
      count: {type: number, default: 2}
      loud: {type: boolean}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps: [{run: echo hello}]
"""


@pytest.fixture
def workflow(repository: Repository) -> Workflow:
    return factories.workflow(repository)


@pytest.fixture
def dispatched(repository: Repository) -> Workflow:
    """A workflow whose file stands at ``main`` and at the tag ``v1``."""
    factories.push(repository, {".github/workflows/greet.yml": DISPATCHED}, "refs/heads/main", "refs/tags/v1")
    return factories.workflow(repository, "greet.yml", name="Greet")


def test_shapes(client: Client, workflow: Workflow) -> None:
    one = client.get(f"{R}/actions/workflows/{workflow.pk}").json()
    official.check(one, f"{O}/actions/workflows/{{workflow_id}}")
    assert (one["id"], one["path"], one["state"]) == (workflow.pk, ".github/workflows/ci.yml", "active")
    assert client.get(f"{R}/actions/workflows/ci.yml").json() == one
    assert client.get(f"{R}/actions/workflows/.github%2Fworkflows%2Fci.yml").json() == one
    listed = client.get(f"{R}/actions/workflows").json()
    official.check(listed, f"{O}/actions/workflows")
    assert listed == {"total_count": 1, "workflows": [one]}


def test_a_workflow_that_has_runs_is_never_gone(client: Client, workflow: Workflow) -> None:
    run = factories.run(workflow)
    workflow.state = Workflow.State.DELETED
    workflow.save()
    shown = client.get(f"{R}/actions/runs/{run.pk}").json()
    answer = client.get(f"{R}/actions/workflows/{shown['workflow_id']}")
    assert answer.status_code == 200
    official.check(answer.json(), f"{O}/actions/workflows/{{workflow_id}}")
    assert (answer.json()["state"], "deleted_at" in answer.json()) == ("deleted", True)


def test_of_two_files_with_one_name(client: Client, repository: Repository, workflow: Workflow) -> None:
    own = factories.workflow(repository, ".shithub/workflows/ci.yml")
    assert client.get(f"{R}/actions/workflows/ci.yml").json()["id"] == own.pk
    assert client.get(f"{R}/actions/workflows/{workflow.pk}").json()["id"] == workflow.pk


@pytest.mark.parametrize("name", ["none.yml", "99999999", "0", "9" * 40, "ci", "%2E%2E%2Fci.yml"])
def test_unknown_ones(client: Client, workflow: Workflow, name: str) -> None:
    for rest in ("", "/runs", "/timing"):
        assert client.get(f"{R}/actions/workflows/{name}{rest}").status_code == 404


def test_switching_off_and_on(client: Client, as_: Any, repository: Repository, workflow: Workflow) -> None:
    guest = factories.account()
    Collaborator.objects.create(repository=repository, user=guest, right=Right.READ)
    refused = as_(guest).put(f"{R}/actions/workflows/ci.yml/disable")
    assert refused.status_code == 403
    for word, state in (("disable", "disabled_manually"), ("disable", "disabled_manually"), ("enable", "active")):
        answer = client.put(f"{R}/actions/workflows/ci.yml/{word}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.get(f"{R}/actions/workflows/ci.yml").json()["state"] == state


def test_a_token_without_the_scope_is_told_which(as_: Any, owner: Account, workflow: Workflow) -> None:
    answer = as_(owner, "repo:read").put(f"{R}/actions/workflows/ci.yml/disable")
    assert answer.status_code == 403
    assert "repo" in answer["X-Accepted-OAuth-Scopes"].split(", ")


def test_timing(client: Client, workflow: Workflow) -> None:
    answer = client.get(f"{R}/actions/workflows/ci.yml/timing").json()
    assert answer == {"billable": {}, "run_duration_ms": 0}


@time_machine.travel("2026-02-03T12:00:00Z")
def test_timing_is_of_this_month(client: Client, workflow: Workflow) -> None:
    """What ended in it counts whole; another workflow's, a carried-over and an unfinished job do not."""
    other = factories.workflow(workflow.repository, "other.yml")
    mac = factories.runner(os="macOS")
    for of, month, runner in ((workflow, 1, None), (workflow, 2, None), (workflow, 2, mac), (other, 2, None)):
        begun = datetime(2026, month, 2, tzinfo=UTC)
        attempt = queries.latest(factories.run(of, created_at=begun))
        job = factories.job(attempt, "a", runner=runner)
        factories.job(attempt, "b", carries=job)
        factories.job(attempt, "c", status="in_progress")
    assert client.get(f"{R}/actions/workflows/ci.yml/timing").json() == {
        "billable": {"UBUNTU": {"total_ms": 60_000, "jobs": 1}, "MACOS": {"total_ms": 60_000, "jobs": 1}},
        "run_duration_ms": 180_000,
    }


def test_dispatch_answers_nothing_unless_asked(client: Client, dispatched: Workflow) -> None:
    url = f"{R}/actions/workflows/greet.yml/dispatches"
    plain = client.post(url, {"ref": "main", "inputs": {"name": "a"}}, "application/json")
    assert (plain.status_code, plain.content) == (204, b"")
    detailed = client.post(
        url,
        {"ref": "v1", "inputs": {"name": "b", "count": 3, "loud": True}, "return_run_details": True},
        "application/json",
    )
    assert detailed.status_code == 200
    run = Run.objects.latest("id")
    assert detailed.json() == {
        "workflow_run_id": run.pk,
        "run_url": f"{settings.PUBLIC_URL}{R}/actions/runs/{run.pk}",
        "html_url": f"{settings.PUBLIC_URL}/octo/hello/actions/runs/{run.pk}",
    }
    assert (run.event_name, run.head_branch, run.ref) == ("workflow_dispatch", "v1", "refs/tags/v1")
    shown = client.get(f"{R}/actions/runs/{run.pk}").json()
    official.check(shown, f"{O}/actions/runs/{{run_id}}")
    assert shown["status"] == "queued"


def test_a_newer_api_always_answers_the_run(client: Client, dispatched: Workflow) -> None:
    answer = client.post(
        f"{R}/actions/workflows/greet.yml/dispatches",
        {"ref": "main", "inputs": {"name": "a"}},
        "application/json",
        headers={"X-GitHub-Api-Version": "2026-03-10"},
    )
    assert (answer.status_code, "workflow_run_id" in answer.json()) == (200, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ref": ""},
        {"ref": 7},
        {"ref": "nowhere", "inputs": {"name": "a"}},
        {"ref": "main"},
        {"ref": "main", "inputs": []},
        {"ref": "main", "inputs": {"name": "a", "other": "b"}},
        {"ref": "main", "inputs": {"name": "a", "count": "many"}},
        {"ref": "main", "inputs": {f"i{number}": "x" for number in range(26)}},
        {"ref": "main", "inputs": {"name": "a"}, "enable_debugger": True},
        {"ref": "main", "inputs": {"name": "a"}, "return_run_details": "yes"},
    ],
)
def test_a_dispatch_that_cannot_be(client: Client, dispatched: Workflow, body: dict[str, Any]) -> None:
    answer = client.post(f"{R}/actions/workflows/greet.yml/dispatches", body, "application/json")
    assert answer.status_code == 422, answer.content
    assert answer.json()["message"]
    assert not Run.objects.exists()


def test_steering_a_dispatched_run(client: Client, dispatched: Workflow) -> None:
    body = {"ref": "main", "inputs": {"name": "a"}, "return_run_details": True}
    run = client.post(f"{R}/actions/workflows/greet.yml/dispatches", body, "application/json").json()["workflow_run_id"]
    url = f"{R}/actions/runs/{run}"

    def post(path: str) -> Any:
        return client.post(path, content_type="application/json")

    job = client.get(f"{url}/jobs").json()["jobs"][0]
    assert post(f"{url}/rerun").status_code == 403
    assert post(f"{R}/actions/jobs/{job['id']}/rerun").status_code == 403
    cancelled = post(f"{url}/cancel")
    assert (cancelled.status_code, cancelled.json()) == (202, {})
    assert post(f"{url}/cancel").status_code == post(f"{url}/force-cancel").status_code == 409
    assert client.get(url).json()["conclusion"] == "cancelled"
    assert client.get(url).json()["reason"]["text"] == "Cancelled by octo."
    for path, number in ((f"{url}/rerun", 2), (f"{url}/rerun-failed-jobs", 3)):
        again = post(path)
        assert (again.status_code, again.json()) == (201, {})
        assert client.get(url).json()["run_attempt"] == number
        forced = post(f"{url}/force-cancel")
        assert (forced.status_code, forced.json()) == (202, {})
    job = client.get(f"{url}/jobs").json()["jobs"][0]
    assert post(f"{R}/actions/jobs/{job['id']}/rerun").status_code == 201
    starts = [client.get(f"{url}/attempts/{number}").json()["run_started_at"] for number in (1, 2, 3, 4)]
    assert len(set(starts)) == 4  # clients keep logs under this second


@pytest.mark.parametrize("asked", [True, False])
def test_a_new_attempt_may_log_more(client: Client, dispatched: Workflow, asked: bool) -> None:
    run = factories.run(dispatched, source=factories.source(DISPATCHED))
    answer = client.post(f"{R}/actions/runs/{run.pk}/rerun", {"enable_debug_logging": asked}, "application/json")
    assert answer.status_code == 201, answer.json()
    again = queries.latest(Run.objects.get(pk=run.pk))
    assert (again.number, again.debug) == (2, asked)


def test_a_debugger_is_refused_rather_than_ignored(client: Client, dispatched: Workflow) -> None:
    run = factories.run(dispatched)
    answer = client.post(f"{R}/actions/runs/{run.pk}/rerun", {"enable_debugger": True}, "application/json")
    assert answer.status_code == 422
    assert queries.latest(Run.objects.get(pk=run.pk)).number == 1


@pytest.mark.parametrize("verb", ["cancel", "force-cancel", "rerun", "rerun-failed-jobs"])
def test_steering_needs_the_right_to_write(as_: Any, repository: Repository, dispatched: Workflow, verb: str) -> None:
    run = factories.run(dispatched)
    guest = factories.account()
    Collaborator.objects.create(repository=repository, user=guest, right=Right.READ)
    assert as_(guest).post(f"{R}/actions/runs/{run.pk}/{verb}").status_code == 403
    assert Client().post(f"{R}/actions/runs/{run.pk}/{verb}").status_code == 401
