"""The payload of every event, whole, against a file of its own (tests/forge/actions/payloads).

What differs from one time to the next (ids, commits, times) stands in the files as ``<id>``, ``<sha 1>``, ``<time>``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge.accounts.actor import Actor
from forge.accounts.models import Kind, Membership
from forge.actions import dispatch, events, schedules, trigger
from forge.actions.models import Event, Run, Schedule, Workflow
from forge.repos import git, pushes, repositories
from forge.repos.models import Repository
from tests import factories
from tests.engine import CI, FakeRunner, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
FOLDER = Path(__file__).parent / "payloads"
MAIN = "refs/heads/main"
EVERY = ONE.replace(
    "on: push",
    """name: Every
on:
  push:
  create:
  delete:
  repository_dispatch:
  workflow_dispatch: {inputs: {level: {default: low}}}
  schedule: [{cron: '0 5 * * *'}]
  workflow_run: {workflows: [Build], types: [completed]}""",
)
FILES = {".github/workflows/every.yml": EVERY, CI: "name: Build\n" + ONE}


def project_of(owner: str = "") -> Project:
    """Ada's repository ``hello``, or that of an organisation of hers."""
    ada = factories.account("ada", email="ada@example.org")
    if owner:
        made = factories.account(owner, kind=Kind.ORGANIZATION, name="All of us")
        Membership.objects.create(organization=made, user=ada, role=Membership.Role.OWNER)
    row = repositories.create(Actor.for_session(ada), owner or "ada", "hello", description="A greeting")
    return Project(Repository.objects.select_related("owner").get(pk=row.pk), ada)


def begun(owner: str = "") -> Project:
    """One with its first push made."""
    project = project_of(owner)
    expand(project, project.push(FILES, message="Begin").ref)
    return project


def expand(project: Project, ref: str = MAIN) -> dict[str, Run]:
    """Expand all that is pending; the runs of every.yml by event."""
    runs = {}
    for event in Event.objects.filter(state=Event.State.PENDING).order_by("id"):
        for run in trigger.expand(event.pk):
            if run.workflow_name == "Every":
                runs[run.event_name] = run
    return runs


def push(project: Project) -> Run:
    first = project.commit({**FILES, "a": "1", "b/c": "2"}, "One")
    _, second = project.commit({**FILES, "a": "2", "d": "3"}, "Two\n\nand more")
    settle(project, MAIN, first[0], second)
    return expand(project)["push"]


def push_of_a_new_branch(project: Project) -> Run:
    settle(project, "refs/heads/topic", git.ZERO, project.commit(FILES, "Begin", ref="refs/heads/topic")[1])
    return expand(project)["push"]


def push_of_a_tag(project: Project) -> Run:
    settle(project, "refs/tags/v1", git.ZERO, project.pushed[MAIN])
    return expand(project)["push"]


def create(project: Project) -> Run:
    settle(project, "refs/tags/v1", git.ZERO, project.pushed[MAIN])
    return expand(project)["create"]


def delete(project: Project) -> Run:
    settle(project, "refs/heads/topic", project.pushed[MAIN], git.ZERO)
    return expand(project)["delete"]


def repository_dispatch(project: Project) -> Run:
    dispatch.repository_dispatch(project.account, project.repository, "deploy", {"env": "live", "n": [1]})
    return expand(project)["repository_dispatch"]


def workflow_dispatch(project: Project) -> Run:
    workflow = Workflow.objects.get(name="Every")
    return dispatch.dispatch(project.account, project.repository, workflow, "main", {"level": "high"})


def schedule(project: Project) -> Run:
    row = Schedule.objects.get()
    assert row.next_due is not None
    schedules.fire(row.next_due)
    return expand(project)["schedule"]


def workflow_run(project: Project) -> Run:
    FakeRunner.new("ubuntu-latest").work_off()
    return expand(project)["workflow_run"]


def settle(project: Project, ref: str, before: str, after: str) -> None:
    change = {"ref": ref, "before": before, "after": after}
    row = pushes.prepare(project.repository, project.account, [change])
    pushes.land(row, [change])
    events.settle(row, [change])
    project.pushed[ref] = after


KINDS: list[Callable[[Project], Run]] = [
    push,
    push_of_a_new_branch,
    push_of_a_tag,
    create,
    delete,
    repository_dispatch,
    workflow_dispatch,
    schedule,
    workflow_run,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_payload_is_what_its_file_says(kind: Callable[[Project], Run]) -> None:
    run = kind(begun())
    assert lasting(payload_of(run)) == json.loads((FOLDER / f"{kind.__name__}.json").read_text())


def test_refs_that_one_push_makes_all_bring_their_commits() -> None:
    project = project_of()
    _, sha = project.commit(FILES, "Begin")
    changes = [{"ref": ref, "before": git.ZERO, "after": sha} for ref in (MAIN, "refs/heads/topic")]
    row = pushes.prepare(project.repository, project.account, changes)
    written = events.settle(row, changes)
    payloads = [payload_of(trigger.expand(event.pk)[0]) for event in written if event.name == "push"]
    assert [([one["id"] for one in said["commits"]], said["base_ref"]) for said in payloads] == [([sha], None)] * 2


def test_every_file_belongs_to_a_kind() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_organisation_stands_beside_its_repository(kind: Callable[[Project], Run]) -> None:
    payload = payload_of(kind(begun("all")))
    assert (payload["organization"]["login"], payload["repository"]["owner"]["type"]) == ("all", "Organization")
    assert payload["sender"]["login"] == "ada"


def payload_of(run: Run) -> dict[str, Any]:
    """What ``github.event`` is in the run: as it came back from the database."""
    found: dict[str, Any] = Event.objects.get(runs=run).payload
    return found


def lasting(payload: Any) -> Any:
    """The payload without what is another each time."""
    shas: dict[str, str] = {}

    def sha(found: re.Match[str]) -> str:
        if found[0] == git.ZERO[: len(found[0])]:
            return found[0]
        return shas.setdefault(found[0][:12], f"<sha {len(shas) + 1}>")

    text = json.dumps(payload, sort_keys=True)  # PostgreSQL keeps no order of keys
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)", "<time>", text)
    text = re.sub(r'"((?:\w+_)?(?:id|number|index))": \d+', r'"\1": "<id>"', text)
    text = re.sub(r'"(created_at|pushed_at)": \d+', r'"\1": "<seconds>"', text)
    text = re.sub(r'"((?:\w+_)?node_id)": "[^"]+"', r'"\1": "<node>"', text)
    text = re.sub(r"/(runs|workflows|check-suites)/\d+", r"/\1/<id>", text)
    return json.loads(re.sub(r"\b([0-9a-f]{40}|[0-9a-f]{12})\b", sha, text))
