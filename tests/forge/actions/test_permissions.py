"""What ``permissions:`` of a workflow file and the repository's default give to a job's GITHUB_TOKEN, asked at
its doors: each row is a file's words under a default, each column a call, each cell its answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache
from django.test import AsyncClient

from forge.accounts import users
from forge.actions import trigger
from forge.actions.models import Run
from forge.repos import workflow_permissions
from tests.engine import FakeRunner, Project, Work

pytestmark = pytest.mark.django_db(transaction=True)

_CALLS = ("repo", "contents", "fetch", "push", "runs", "feed", "checks", "enable", "rerun")
_JOB = "jobs: {build: {runs-on: x, %ssteps: [{run: 'true'}]}}"
#: The repository's default, the words of the workflow and those of the job after a slash, the calls' answers.
_PRIVATE = """
read  |                                                 | 200 200 200 403 403 404 403 403 403
write |                                                 | 200 200 200 200 200 200 200 204 409
read  | permissions: read-all                           | 200 200 200 403 200 200 200 403 403
read  | permissions: write-all                          | 200 200 200 200 200 200 200 204 409
write | permissions: {}                                 | 200 403 404 403 403 404 403 403 403
read  | permissions: {contents: write}                  | 200 200 200 200 403 404 403 403 403
read  | permissions: {actions: write}                   | 200 403 404 403 200 200 403 204 409
write | permissions: {checks: read}                     | 200 403 404 403 403 404 200 403 403
write | permissions: {contents: none, actions: read}    | 200 403 404 403 200 200 403 403 403
write | permissions: write-all / permissions: {}        | 200 403 404 403 403 404 403 403 403
read  | permissions: {} / permissions: {contents: write} | 200 200 200 200 403 404 403 403 403
read  | / permissions: read-all                         | 200 200 200 403 200 200 200 403 403
"""
#: In a public repository what everybody may read needs no permission; to write still does.
_PUBLIC = """
read  | permissions: {}                                 | 200 200 200 403 200 200 200 403 403
read  | permissions: {actions: write}                   | 200 200 200 403 200 200 200 204 409
"""
#: What no permission opens.
_NEVER = ("runners", "register", "default", "user", "token", "delete", "rename")
Call = tuple[str, str, object]


def rows(table: str) -> list[Any]:
    """Each row as (default, words of the file, answer by call)."""
    found = []
    for line in table.strip().splitlines():
        default, said, answers = (part.strip() for part in line.split("|"))
        wanted = dict(zip(_CALLS, map(int, answers.split()), strict=True))
        found.append(pytest.param(default, said, wanted, id=f"{default}, {said or 'nothing said'}"))
    return found


@dataclass
class Place:
    """A repository where a job runs."""

    project: Project
    run: Run
    work: Work

    @classmethod
    def of(cls, default: str, said: str, *, private: bool) -> Place:
        """With this default, and a file that says this."""
        project = Project.new(private=private)
        workflow_permissions.change(project.repository, default=default, can_approve=None)
        above, _, inside = (part.strip() for part in said.partition("/"))
        run = project.run(f"on: push\n{above}\n{_JOB % (inside + ', ' if inside else '')}\n")
        return cls(project, run, FakeRunner.new("x").take())

    @property
    def token(self) -> str:
        return self.work.assignment.github_token

    def calls(self, name: str = "") -> dict[str, Call]:
        """Method, path and body of each call, in its own repository or in another one."""
        name = name or self.project.repository.full_name
        api = f"/api/v3/repos/{name}"
        return {
            "repo": ("GET", api, None),
            "contents": ("GET", f"{api}/contents", None),
            "fetch": ("GET", f"/{name}.git/info/refs?service=git-upload-pack", None),
            "push": ("GET", f"/{name}.git/info/refs?service=git-receive-pack", None),
            "runs": ("GET", f"{api}/actions/runs", None),
            "feed": ("GET", f"/{name}/actions.atom", None),
            "checks": ("GET", f"{api}/check-runs/{self.work.claim.job_id}/annotations", None),
            "enable": ("PUT", f"{api}/actions/workflows/ci.yml/enable", None),
            "rerun": ("POST", f"/api/v1/runs/{self.run.pk}/rerun", None),
            "runners": ("GET", f"{api}/actions/runners", None),
            "register": ("POST", f"{api}/actions/runners/registration-token", None),
            "default": ("PUT", f"{api}/actions/permissions/workflow", {"default_workflow_permissions": "write"}),
            "user": ("GET", "/api/v3/user", None),
            "token": ("POST", f"{api}/actions/feed-token", None),
            "delete": ("DELETE", api, None),
            "rename": ("PATCH", api, {"name": "other"}),
        }

    def ask(self, call: Call) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer."""
        return async_to_sync(self._ask)(*call)

    async def _ask(self, method: str, path: str, body: object) -> tuple[int, bytes, dict[str, str]]:
        data, shown = json.dumps(body) if body is not None else "", {"Authorization": f"Bearer {self.token}"}
        answer: Any = await AsyncClient().generic(method, path, data, content_type="application/json", headers=shown)
        content = b"".join([piece async for piece in answer]) if answer.streaming else answer.content
        return answer.status_code, content, dict(answer.headers)

    def statuses(self, *calls: str, name: str = "") -> dict[str, int]:
        """The status of each of these calls."""
        table = self.calls(name)
        return {call: self.ask(table[call])[0] for call in calls}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.mark.parametrize(("default", "said", "wanted"), rows(_PRIVATE))
def test_in_its_own_private_repository(default: str, said: str, wanted: dict[str, int]) -> None:
    place = Place.of(default, said, private=True)
    assert place.statuses(*wanted) == wanted
    assert place.statuses(*_NEVER) == dict.fromkeys(_NEVER, 403)


@pytest.mark.parametrize(("default", "said", "wanted"), rows(_PUBLIC))
def test_in_its_own_public_repository(default: str, said: str, wanted: dict[str, int]) -> None:
    place = Place.of(default, said, private=False)
    assert place.statuses(*wanted) == wanted
    assert place.statuses(*_NEVER) == dict.fromkeys(_NEVER, 403)


def test_a_public_repository_of_others_is_read_only() -> None:
    place = Place.of("write", "permissions: write-all", private=True)
    other = Place.of("read", "", private=False)
    name = other.project.repository.full_name
    job = f"/api/v3/repos/{name}/check-runs/{other.work.claim.job_id}/annotations"

    assert place.statuses("repo", "contents", "fetch", "runs", "feed", name=name) == dict.fromkeys(
        ("repo", "contents", "fetch", "runs", "feed"), 200
    )
    assert place.ask(("GET", job, None))[0] == 200
    assert place.statuses("push", "enable", *_NEVER, name=name) == dict.fromkeys(("push", "enable", *_NEVER), 403)
    assert place.ask(("POST", f"/api/v1/runs/{other.run.pk}/rerun", None))[0] == 403


def test_a_private_repository_of_others_is_not_there() -> None:
    place = Place.of("write", "permissions: write-all", private=True)
    other = Place.of("read", "", private=True)
    all_but_user = [call for call in place.calls() if call not in ("user", "rerun")]

    assert place.statuses(*all_but_user, name=other.project.repository.full_name) == dict.fromkeys(all_but_user, 404)
    assert place.ask(("POST", f"/api/v1/runs/{other.run.pk}/rerun", None))[0] == 404


def test_a_refusal_says_what_is_needed_in_githubs_words() -> None:
    place = Place.of("read", "permissions: {contents: read}", private=True)
    said = {}
    for call in ("repo", "contents", "runs", "checks", "enable", "runners", "user"):
        status, content, headers = place.ask(place.calls()[call])
        said[call] = headers["X-Accepted-GitHub-Permissions"]
        if status != 200:
            assert (status, json.loads(content)["message"]) == (403, "Resource not accessible by integration")
    assert said == {
        "repo": "metadata=read",
        "contents": "contents=read",
        "runs": "actions=read",
        "checks": "checks=read",
        "enable": "actions=write",
        "runners": "administration=read",
        "user": "",
    }
    assert place.ask(("GET", "/api/v3/meta", None))[2]["X-Accepted-GitHub-Permissions"] == (
        "allows_permissionless_access=true"
    )
    assert place.ask(place.calls()["push"])[1] == (
        f"Permission to {place.project.repository.full_name}.git denied to github-actions[bot].\n".encode()
    )


def test_the_default_may_change_while_a_job_runs() -> None:
    place = Place.of("read", "", private=True)
    assert place.statuses("runs") == {"runs": 403}
    workflow_permissions.change(place.project.repository, default="write", can_approve=None)
    assert place.statuses("runs") == {"runs": 200}


def test_what_a_job_does_was_done_by_the_bot() -> None:
    place = Place.of("read", "permissions: {actions: write}", private=True)
    event = place.project.push({".github/workflows/other.yml": "on: workflow_dispatch\n" + _JOB % ""})
    assert trigger.expand(event.pk) == []
    api = f"/api/v3/repos/{place.project.repository.full_name}/actions/workflows/other.yml/dispatches"

    assert place.ask(("POST", api, {"ref": "main"}))[0] == 204

    run = Run.objects.select_related("actor", "event").get(event_name="workflow_dispatch")
    assert run.actor is not None
    assert (run.actor.login, run.actor.kind, run.actor.has_usable_password()) == (users.BOT, "Bot", False)
    assert users.bot() == run.actor
