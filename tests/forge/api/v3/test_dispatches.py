"""POST …/dispatches: who may send an event from outside, and in which form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from forge.actions import trigger
from forge.actions.models import Event, Schedule
from forge.repos.models import Collaborator, Right
from tests import factories
from tests.engine import CI, FakeRunner, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    made = Project.new(private=True)
    trigger.expand(made.push({CI: ONE.replace("on: push", "on: repository_dispatch")}).pk)
    return made


def post(project: Project, body: Any, token: str, start: str = "") -> Any:
    url = f"/api/v3/{start or f'repos/{project.repository.full_name}'}/dispatches"
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(headers=headers).post(url, json.dumps(body), content_type="application/json")


def test_it_writes_the_event(project: Project) -> None:
    token = factories.token(project.account)
    body = {"event_type": "deploy", "client_payload": {"env": "live"}}
    assert post(project, body, token).status_code == 204
    assert post(project, {"event_type": "x"}, token, f"repositories/{project.repository.pk}").status_code == 204
    first, second = Event.objects.filter(name="repository_dispatch").order_by("id")
    assert first.payload == {"action": "deploy", "branch": "main", "client_payload": {"env": "live"}}
    assert (first.actor, second.payload["client_payload"]) == (project.account, {})
    (run,) = trigger.expand(first.pk)
    assert run.event_name == "repository_dispatch"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "event_type"),
        ({"event_type": " "}, "event_type"),
        ({"event_type": 5}, "event_type"),
        ({"event_type": "x" * 101}, "event_type"),
        ({"event_type": "x", "client_payload": []}, "client_payload"),
        ({"event_type": "x", "client_payload": {str(n): n for n in range(11)}}, "client_payload"),
        ({"event_type": "x", "client_payload": {"a": "b" * 66_000}}, "client_payload"),
    ],
)
def test_what_is_wrong_is_named(project: Project, body: dict[str, Any], field: str) -> None:
    answer = post(project, body, factories.token(project.account))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not Event.objects.filter(name="repository_dispatch").exists()


def test_it_needs_the_right_to_write(project: Project) -> None:
    reader = factories.account()
    Collaborator.objects.create(repository=project.repository, user=reader, right=Right.READ)
    tokens = {
        "": 404,
        factories.token(factories.account()): 404,
        factories.token(reader): 403,
        factories.token(project.account, "repo:read"): 403,
    }
    body = {"event_type": "x"}
    assert {token: post(project, body, token).status_code for token in tokens} == tokens


def test_a_jobs_token_may_send_it_where_contents_may_be_written(project: Project) -> None:
    text = "on: push\npermissions: {{contents: {0}}}\njobs: {{a: {{runs-on: {0}, steps: [{{run: 'true'}}]}}}}\n"
    own = {CI: ONE.replace("on: push", "on: repository_dispatch")}
    codes = {}
    for level in ("read", "write"):
        trigger.expand(project.push({**own, ".github/workflows/job.yml": text.format(level)}).pk)
        token = FakeRunner.new(level).take().assignment.github_token
        codes[level] = post(project, {"event_type": "x"}, token).status_code
    assert codes == {"read": 403, "write": 204}
    event = Event.objects.get(name="repository_dispatch")
    (run,) = trigger.expand(event.pk)  # unlike what it pushes
    assert run.contexts["github"]["actor"] == "github-actions[bot]"


def test_a_new_default_branch_brings_its_schedules(project: Project) -> None:
    schedule = ONE.replace("on: push", "on: {schedule: [{cron: '0 5 * * *'}]}")
    trigger.expand(project.push({CI: schedule}, ref="refs/heads/next").pk)
    client = Client(headers={"authorization": f"Bearer {factories.token(project.account)}"})
    url = f"/api/v3/repos/{project.repository.full_name}"
    for body in ({"description": "d"}, {"default_branch": "next"}, {"default_branch": "next"}):
        assert client.patch(url, json.dumps(body), content_type="application/json").status_code == 200
    event = Event.objects.get(name="default_branch")
    assert trigger.expand(event.pk) == []
    assert Schedule.objects.get().actor == project.account
    assert FakeRunner.new("ubuntu-latest").work_off() == []
