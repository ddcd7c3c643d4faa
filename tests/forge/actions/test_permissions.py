"""What ``permissions:`` of a workflow file give to the job's GITHUB_TOKEN, asked at its doors."""

from __future__ import annotations

import base64

import pytest
from django.test import Client

from forge.accounts.actor import Actor
from forge.repos import repositories
from tests.engine import FakeRunner, Project

pytestmark = pytest.mark.django_db(transaction=True)

_JOB = "jobs: {build: {runs-on: x, %ssteps: [{run: 'true'}]}}"
_READS = [
    "",
    "permissions: read-all\n",
    "permissions: {contents: read}\n",
    "permissions: {}\n|permissions: {contents: read}, ",
    "|permissions: read-all, ",
]
_NOTHING = [
    "permissions: {}\n",
    "permissions: {contents: none}\n",
    "permissions: {issues: read}\n",
    "|permissions: {}, ",
    "permissions: read-all\n|permissions: {checks: read}, ",
]


def token(said: str) -> tuple[Project, str]:
    """A private repository, and the token of the job that runs in it under these permissions."""
    project = Project.new(private=True)
    above, _, inside = said.partition("|")
    project.run(f"on: push\n{above}{_JOB % inside}\n")
    return project, FakeRunner.new("x").take().assignment.github_token


def codes(project: Project, text: str) -> list[int]:
    """What its own repository answers at the API and as a feed. (A checkout with it is for the runner's tests.)"""
    name = project.repository.full_name
    paths = [f"/api/v3/repos/{name}", f"/api/v3/repos/{name}/contents", f"/api/v3/repos/{name}/actions/runs"]
    found = [Client(headers={"authorization": f"Bearer {text}"}).get(path) for path in paths]
    found.append(Client(headers={"authorization": f"token {text}"}).get(f"/{name}/actions.atom"))
    return [answer.status_code for answer in found]


@pytest.mark.parametrize("said", _READS)
def test_contents_can_be_read(said: str) -> None:
    assert codes(*token(said)) == [200] * 4


@pytest.mark.parametrize("said", _NOTHING)
def test_without_contents_a_private_repository_is_not_there(said: str) -> None:
    project, text = token(said)

    assert codes(project, text) == [404] * 4
    basic = base64.b64encode(f"x-access-token:{text}".encode()).decode()
    git = f"/{project.repository.full_name}.git/info/refs?service=git-upload-pack"
    assert Client(headers={"authorization": f"Basic {basic}"}).get(git).status_code == 404


def test_what_is_public_everybody_may_read() -> None:
    project, text = token("permissions: {}\n")
    repositories.update(Actor.for_session(project.account), project.repository, private=False)

    assert codes(project, text) == [200] * 4
