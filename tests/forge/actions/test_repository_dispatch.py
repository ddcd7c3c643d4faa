"""repository_dispatch: an event from outside, within GitHub's limits."""

from __future__ import annotations

from typing import Any

import pytest

from forge.actions import dispatch, switch, trigger
from forge.actions.models import Event, Run, Workflow
from forge.errors import Invalid
from tests.engine import CI, FakeRunner, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
ANY = ONE.replace("on: push", "on: repository_dispatch")
SOME = ONE.replace("on: push", "on:\n  repository_dispatch:\n    types: [deploy, release]").replace(
    "    runs-on", "    if: github.event.client_payload.env == 'live'\n    runs-on"
)
ANY_FILE, SOME_FILE = ".github/workflows/any.yml", ".github/workflows/some.yml"


def nested(levels: int) -> list[Any]:
    """So many lists in one another."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.fixture
def project() -> Project:
    made = Project.new()
    trigger.expand(made.push({ANY_FILE: ANY, SOME_FILE: SOME}).pk)
    return made


def send(project: Project, event_type: str, **payload: Any) -> dict[str, Run]:
    """The runs that it starts, by file."""
    event = dispatch.repository_dispatch(project.account, project.repository, event_type, payload)
    return {run.workflow.path: run for run in trigger.expand(event.pk)}


def test_it_runs_what_listens_to_its_type_on_the_default_branch(project: Project) -> None:
    project.push({CI: ANY}, ref="refs/heads/topic")
    assert set(send(project, "other")) == {ANY_FILE}
    runs = send(project, "deploy", env="live", many=[1, {"a": None}])
    assert set(runs) == {ANY_FILE, SOME_FILE}
    run = runs[SOME_FILE]
    payload = run.event.payload
    assert (payload["action"], payload["branch"]) == ("deploy", "main")
    assert payload["client_payload"] == {"env": "live", "many": [1, {"a": None}]}
    assert (payload["sender"]["login"], run.title) == (project.account.login, "deploy")
    assert (run.ref, run.head_sha) == ("refs/heads/main", project.pushed["refs/heads/main"])
    assert len(FakeRunner.new("ubuntu-latest").work_off()) == 3  # its condition sees the payload


def test_it_runs_what_the_head_says_when_it_comes(project: Project) -> None:
    event = dispatch.repository_dispatch(project.account, project.repository, "x", {})
    project.push({SOME_FILE: SOME})
    assert trigger.expand(event.pk) == []


def test_a_disabled_workflow_is_left_out(project: Project) -> None:
    switch.disable(Workflow.objects.get(path=ANY_FILE))
    assert set(send(project, "deploy")) == {SOME_FILE}


def test_an_empty_repository_takes_it_and_runs_nothing() -> None:
    project = Project.new()
    assert send(project, "x") == {}
    assert Event.objects.get().error == "There is no refs/heads/main to run on."


@pytest.mark.parametrize(
    ("event_type", "payload", "says"),
    [
        ("x" * 101, {}, "Only 100 characters are allowed; 101 were supplied"),
        ("x", {str(n): n for n in range(11)}, "No more than 10 properties are allowed; 11 were supplied"),
        ("x", {"a": "ä" * 65_528}, "client_payload is too large"),
        ("x", {"a": [float("inf")]}, "client_payload holds a number that is too large"),
        ("x", {"a": nested(100)}, "client_payload is too deep"),
        ("x", {"a": nested(50_000)}, "client_payload is too deep"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(
    project: Project, event_type: str, payload: dict[str, Any], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        dispatch.repository_dispatch(project.account, project.repository, event_type, payload)
    assert not Event.objects.filter(name="repository_dispatch").exists()


def test_what_is_just_within_the_limits_is_taken(project: Project) -> None:
    runs = send(project, "ü" * 100, **{str(n): nested(99) for n in range(9)}, a="ä" * 60_000)
    assert runs[ANY_FILE].title == "ü" * 100


def test_text_that_no_database_keeps_is_replaced(project: Project) -> None:
    run = send(project, "a\0b", c="\ud800")[ANY_FILE]
    assert run.event.payload["action"] == "a\ufffdb"
    assert run.event.payload["client_payload"] == {"c": "\ufffd"}
