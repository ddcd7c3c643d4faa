"""PyGithub against a real server: what people's scripts use, unchanged."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import feedparser
import httpx
import pytest
from github import Auth, BadCredentialsException, Github, GithubException, UnknownObjectException

from tests.clients.walks.walk import ORGANIZATION
from tests.services.stack import LOGIN, Project, Stack, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

WORKFLOW = """
name: Greet
on:
  push:
  workflow_dispatch:
    inputs:
      who: {type: string, required: true}
jobs:
  hello:
    runs-on: ubuntu-latest
    steps:
      - name: Say hello
        run: echo "hello $WHO"
        env:
          WHO: ${{ inputs.who || 'world' }}
  after:
    needs: hello
    runs-on: ubuntu-latest
    steps: [{run: echo after}]
"""
BROKEN = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n"


@pytest.fixture
def project(stack: Stack) -> Project:
    return stack.repository({".github/workflows/greet.yml": WORKFLOW})


def test_a_push_is_followed_to_its_end(stack: Stack, project: Project, github: Github) -> None:
    sha = project.push(message="First")
    project.completed(project.run(sha)["id"])
    repository = github.get_repo(f"{LOGIN}/{project.name}")
    runs = repository.get_workflow_runs(head_sha=sha, status="success", event="push", branch="main")  # type: ignore[arg-type]
    assert runs.totalCount == 1
    run = runs[0]
    assert (run.conclusion, run.run_number, run.run_attempt, run.display_title) == ("success", 1, 1, "First")
    assert run.head_commit.message.strip() == "First"
    assert run.actor.login == LOGIN
    assert repository.get_workflow(run.workflow_id).path == ".github/workflows/greet.yml"
    assert run.timing().run_duration_ms > 0
    assert list(run.get_artifacts()) == list(repository.get_artifacts()) == []
    jobs = {job.name: job for job in run.jobs()}
    assert {name: job.conclusion for name, job in jobs.items()} == {"hello": "success", "after": "success"}
    assert "Say hello" in [step.name for step in jobs["hello"].steps]
    assert "hello world" in httpx.get(jobs["hello"].logs_url(), trust_env=False).text
    zipped = stack.api(project.path(f"/runs/{run.id}/logs"), follow_redirects=True)
    with ZipFile(io.BytesIO(zipped.content)) as archive:
        step = next(step for step in jobs["hello"].steps if step.name == "Say hello")
        assert b"hello world" in archive.read(f"hello/{step.number}_Say hello.txt")
    feed = feedparser.parse(httpx.get(f"{stack.url}/{LOGIN}/{project.name}/actions.atom", trust_env=False).content)
    assert (feed.bozo, [entry.link for entry in feed.entries]) == (0, [run.html_url])
    assert "success" in feed.entries[0].summary


def test_a_dispatch_a_cancel_and_reruns(project: Project, github: Github) -> None:
    project.completed(project.run(project.push())["id"])
    repository = github.get_repo(f"{LOGIN}/{project.name}")
    workflow = repository.get_workflow("greet.yml")
    assert workflow.create_dispatch("main", {"who": "PyGithub"}) is True
    run = eventually(lambda: next(iter(repository.get_workflow_runs(event="workflow_dispatch")), None))
    project.completed(run.id)
    assert run.update() is True
    hello = next(job for job in run.jobs() if job.name == "hello")
    assert "hello PyGithub" in project.log(hello.id)
    assert run.cancel() is False  # it is over
    assert run.rerun() is True
    assert project.completed(run.id)["run_attempt"] == 2
    assert run.rerun_failed_jobs() is False  # none failed
    with pytest.raises(GithubException) as wrong:
        workflow.create_dispatch("main", {}, throw=True)
    assert wrong.value.status == 422
    assert workflow.disable() is True
    assert repository.get_workflow("greet.yml").state == "disabled_manually"
    assert workflow.enable() is True
    assert run.delete() is True
    with pytest.raises(GithubException) as gone:
        repository.get_workflow_run(run.id)
    assert gone.value.status == 404


def test_a_broken_file_says_where(stack: Stack, project: Project, github: Github) -> None:
    sha = project.push({".github/workflows/greet.yml": BROKEN})
    run = github.get_repo(f"{LOGIN}/{project.name}").get_workflow_run(project.run(sha)["id"])
    assert (run.status, run.conclusion) == ("completed", "startup_failure")
    (problem,) = [one for one in run.raw_data["problems"] if "stepz" in one["message"]]
    assert (problem["file"], problem["line"], problem["column"]) == (".github/workflows/greet.yml", 5, 5)


def test_runners(stack: Stack, project: Project, github: Github) -> None:
    repository = github.get_repo(f"{LOGIN}/{project.name}")
    assert list(repository.get_self_hosted_runners()) == []
    token = stack.api(project.path("/runners/registration-token"), "POST").json()["token"]
    assert token.startswith("shr_")
    organization = github.get_organization(ORGANIZATION)
    assert organization.create_self_hosted_runner_registration_token().token.startswith("shr_")
    assert organization.create_self_hosted_runner_remove_token().expires_at
    assert list(organization.get_self_hosted_runners()) == []


def test_pages_and_attempts(project: Project, github: Github) -> None:
    for number in range(4):
        project.completed(project.run(project.push(message=f"Change {number}"))["id"])
    github.per_page = 3
    repository = github.get_repo(f"{LOGIN}/{project.name}")
    runs = list(repository.get_workflow_runs())
    assert [run.display_title for run in runs] == [f"Change {number}" for number in (3, 2, 1, 0)]
    assert runs[0].rerun() is True
    project.completed(runs[0].id)
    assert [job.run_attempt for job in runs[0].jobs(_filter="all")] == [2, 2, 1, 1]
    assert [job.run_attempt for job in runs[0].jobs()] == [2, 2]
    assert [workflow.name for workflow in repository.get_workflows()] == ["Greet"]
    changed = runs[0].created_at
    assert repository.get_workflow_runs(created=f">={changed:%Y-%m-%dT%H:%M:%SZ}").totalCount >= 1
    assert repository.get_workflow_runs(created="<2020-01-01").totalCount == 0


def test_what_is_refused(stack: Stack, project: Project, github: Github) -> None:
    repository = github.get_repo(f"{LOGIN}/{project.name}")
    with pytest.raises(UnknownObjectException):
        repository.get_workflow("none.yml")
    with pytest.raises(UnknownObjectException):
        github.get_repo(f"{LOGIN}/none")
    stranger = Github(base_url=f"{stack.url}/api/v3", auth=Auth.Token("shp_wrong"), retry=0)
    with stranger, pytest.raises(BadCredentialsException):
        stranger.get_repo(f"{LOGIN}/{project.name}")


def test_a_log_is_streamed_by_the_real_server(stack: Stack, project: Project, tmp_path: Path) -> None:
    """Through ASGI: the whole body arrives, and a signed address needs no credential."""
    lines = WORKFLOW.replace('echo "hello $WHO"', "seq 1 20000")
    sha = project.push({".github/workflows/greet.yml": lines})
    run = project.run(sha)
    project.completed(run["id"])
    job = project.jobs(run["id"])["hello"]
    text = project.log(job["id"])
    numbers = [line.split(" ", 1)[1] for line in text.splitlines() if line.split(" ", 1)[-1].isdigit()]
    assert numbers == [str(number) for number in range(1, 20001)]
