"""What a run waits for, and its reviews, over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind
from forge.actions.models import Job, Run, RunAttempt
from forge.environments import environments, rules
from forge.environments.models import Environment
from forge.repos.models import Collaborator, Right
from tests import factories
from tests.engine import Project
from tests.forge.api import official

pytestmark = pytest.mark.django_db

TEXT = """\
on: push
jobs:
  deploy: {runs-on: x, environment: prod, strategy: {matrix: {n: [1, 2]}}, steps: [{run: "true"}]}
"""
O = "/repos/{owner}/{repo}/actions/runs/{run_id}"  # noqa: E741 - as elsewhere, in the official description


@pytest.fixture
def project() -> Project:
    return Project.new(private=True)


@pytest.fixture
def environment(project: Project) -> Environment:
    return environments.get_or_create(project.repository, "prod")


def member(project: Project, right: Right = Right.READ) -> Account:
    person = factories.account()
    Collaborator.objects.create(repository=project.repository, user=person, right=right)
    return person


def protect(project: Project, environment: Environment, *people: Account) -> Run:
    """A run that waits for these reviewers."""
    rules.change(Actor.for_session(project.account), environment, {"wait_timer": 5}, [one.pk for one in people])
    return project.run(TEXT)


def path(run: Run, part: str) -> str:
    return f"/api/v3/repos/{run.repository.full_name}/actions/runs/{run.pk}/{part}"


def post(client: Client, where: str, body: Any) -> Any:
    return client.post(where, body, content_type="application/json")


def test_from_waiting_to_approved(as_: Any, project: Project, environment: Environment) -> None:
    reviewer = member(project)
    run = protect(project, environment, reviewer)
    client, owner = as_(reviewer), as_(project.account)
    pending, approvals = path(run, "pending_deployments"), path(run, "approvals")
    [shown] = client.get(pending).json()
    official.check([shown], f"{O}/pending_deployments")
    assert (shown["environment"]["id"], shown["wait_timer"]) == (environment.pk, 5)
    assert shown["current_user_can_approve"] is True
    assert owner.get(pending).json()[0]["current_user_can_approve"] is False
    assert [one["reviewer"]["login"] for one in shown["reviewers"]] == [reviewer.login]
    assert client.get(approvals).json() == []
    body = {"environment_ids": [environment.pk], "state": "approved", "comment": "go"}
    assert post(owner, pending, body).status_code == 403
    assert post(as_(reviewer, "repo:read"), pending, body).status_code == 403
    answer = post(client, pending, body)
    assert answer.status_code == 200
    official.check(answer.json(), f"{O}/pending_deployments", "post")
    assert [one["environment"] for one in answer.json()] == ["prod", "prod"]
    said = owner.get(approvals).json()
    official.check(said, f"{O}/approvals")
    assert [(one["state"], one["comment"], one["user"]["login"]) for one in said] == [
        ("approved", "go", reviewer.login)
    ]
    assert [one["name"] for one in said[0]["environments"]] == ["prod"]
    assert set(Job.objects.values_list("status", flat=True)) == {"waiting"}  # for its timer now


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"state": "pending"},
        {"comment": None},
        {"comment": 5},
        {"environment_ids": "x"},
        {"environment_ids": []},
        {"environment_ids": [987_654]},
        {"environment_ids": [10**17]},
    ],
)
def test_what_is_no_review(as_: Any, project: Project, environment: Environment, wrong: dict[str, Any]) -> None:
    reviewer = member(project)
    run = protect(project, environment, reviewer)
    body = {"environment_ids": [environment.pk], "state": "approved", "comment": "", **wrong} if wrong else {}
    assert post(as_(reviewer), path(run, "pending_deployments"), body).status_code == 422


def test_a_rejection_ends_the_run(as_: Any, project: Project, environment: Environment) -> None:
    reviewer = member(project)
    run = protect(project, environment, reviewer)
    body = {"environment_ids": [environment.pk], "state": "rejected", "comment": "no"}
    assert post(as_(reviewer), path(run, "pending_deployments"), body).status_code == 200
    assert RunAttempt.objects.get(run=run).conclusion == "failure"
    shown = as_(reviewer).get(path(run, "jobs")).json()["jobs"][0]["reason"]
    assert (shown["code"], shown["by"], shown["comment"]) == ("rejected", reviewer.login, "no")
    assert as_(reviewer).get(path(run, "pending_deployments")).json() == []


def test_an_integration(as_: Any, project: Project, environment: Environment) -> None:
    program = factories.account("deployer", kind=Kind.BOT)
    Collaborator.objects.create(repository=project.repository, user=program, right=Right.READ)
    rules.add_integration(Actor.for_session(project.account), environment, program.pk)
    run = project.run(TEXT)
    where, body = path(run, "deployment_protection_rule"), {"environment_name": "prod", "state": "approved"}
    assert post(as_(project.account), where, body).status_code == 403
    assert post(as_(factories.account()), where, body).status_code == 404
    for wrong in ({}, {**body, "state": "maybe"}, {**body, "environment_name": "dev"}, {**body, "comment": 5}):
        assert post(as_(program), where, wrong).status_code == 422
    assert post(as_(program), where, body).status_code == 204
    assert set(Job.objects.values_list("status", flat=True)) == {"queued"}


def test_a_run_that_does_not_wait_as_a_whole(as_: Any, project: Project) -> None:
    run = project.run(TEXT)
    assert post(as_(project.account), path(run, "approve"), {}).status_code == 403
    RunAttempt.objects.update(hold="approval", status="waiting")
    assert post(as_(member(project)), path(run, "approve"), {}).status_code == 403
    answer = post(as_(member(project, Right.WRITE)), path(run, "approve"), {})
    assert (answer.status_code, answer.json()) == (201, {})
    assert RunAttempt.objects.get().hold == ""
