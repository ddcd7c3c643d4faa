"""Runners by the API: PyGithub's calls, a just-in-time runner that works, and the package that the server offers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from github import Auth, Github, GithubException
from github.Organization import Organization
from github.SelfHostedActionsRunnerJitConfig import SelfHostedActionsRunnerJitConfig

from tests.services.process import Process
from tests.services.stack import BIN, LOGIN, OURS, Project, Stack, clean, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

WORKFLOW = "on: push\njobs: {a: {runs-on: {group: %s, labels: [%s]}, steps: [{run: 'echo by $RUNNER_NAME'}]}}\n"
CI = ".github/workflows/ci.yml"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("runners")) as running:
        running.forge("org", "create", "acme", "--owner", LOGIN)
        yield running


@pytest.fixture
def organization(stack: Stack) -> Iterator[Organization]:
    pace = {"seconds_between_requests": 0, "seconds_between_writes": 0}
    with Github(base_url=f"{stack.url}/api/v3", auth=Auth.Token(stack.token), retry=0, **pace) as client:
        yield client.withLazy(True).get_organization("acme")


def just_in_time(within: Organization, name: str, group: int, *labels: str) -> SelfHostedActionsRunnerJitConfig:
    """A runner's configuration."""
    return within.create_self_hosted_runner_jitconfig(name=name, runner_group_id=group, labels=list(labels))


def test_just_in_time(stack: Stack, organization: Organization, tmp_path: Path) -> None:
    made = stack.api("/orgs/acme/actions/runner-groups", "POST", {"name": "once", "visibility": "all"})
    group = made.json()["id"]
    given = just_in_time(organization, "jit-one", group, "once")
    assert (given.runner.name, given.runner.status, given.runner.runner_group_id) == ("jit-one", "offline", group)
    with pytest.raises(GithubException, match="Already exists"):
        just_in_time(organization, "jit-one", group, "once")
    assert [one.name for one in organization.get_self_hosted_runners(name="jit-one")] == ["jit-one"]

    settings = {"FORGE_RUNNER_BACKEND": "host", "FORGE_RUNNER_JITCONFIG": given.encoded_jit_config}
    command = [BIN / "forge-runner", "run", "--dir", tmp_path / "agent"]
    agent = Process(command, env=settings, without=OURS, cwd=tmp_path)
    stack.processes["runner-jit"] = agent
    agent.wait_for("Runner jit-one is ready", timeout=30)
    known = organization.get_self_hosted_runner(given.runner.id)
    assert (known.status, known.busy, known.ephemeral) == ("online", False, True)

    project = owned_project(stack, "jit", WORKFLOW % ("once", "once"))
    run = project.run(project.push())
    assert project.completed(run["id"])["conclusion"] == "success"
    job = project.jobs(run["id"])["a"]
    assert (job["runner_name"], job["runner_group_name"]) == ("jit-one", "once")
    assert agent.wait(30) == 0
    with pytest.raises(GithubException) as gone:
        organization.get_self_hosted_runner(given.runner.id)
    assert gone.value.status == 404
    assert not [name for name in os.listdir(tmp_path / "agent") if name in ("credential", "just-in-time")]


def owned_project(stack: Stack, name: str, workflow: str) -> Project:
    """A private repository of the organisation's."""
    made = stack.api("/orgs/acme/repos", "POST", {"name": name, "private": True})
    assert made.status_code == 201, made.text
    return Project(stack, name, {CI: workflow}, owner="acme")


def test_a_stopped_runner_is_offline_at_once(stack: Stack, organization: Organization) -> None:
    token = organization.create_self_hosted_runner_registration_token().token
    folder = stack.folder / "agent-of-acme"
    settings = {"FORGE_RUNNER_BACKEND": "host", "FORGE_RUNNER_TOKEN": token}
    register = [BIN / "forge-runner", "register", "--url", stack.url, "--dir", folder, "--name", "stays"]
    refused = subprocess.run(
        [*register, "--runnergroup", "none"], env=clean(settings), capture_output=True, text=True, check=False
    )
    assert (refused.returncode, "acme has no runner group none" in refused.stderr) == (1, True), refused.stderr
    subprocess.run([*register, "--runnergroup", "default"], env=clean(settings), check=True, capture_output=True)
    agent = Process([BIN / "forge-runner", "run", "--dir", folder], env=settings, without=OURS, cwd=stack.folder)
    stack.processes["runner-stays"] = agent
    agent.wait_for("Runner stays is ready", timeout=30)
    (row,) = organization.get_self_hosted_runners(name="stays")
    eventually(lambda: organization.get_self_hosted_runner(row.id).status == "online", what="online")
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(30) == 0
    eventually(lambda: organization.get_self_hosted_runner(row.id).status == "offline", timeout=20, what="offline")
    organization.delete_self_hosted_runner(row.id)
    with pytest.raises(GithubException) as gone:
        organization.get_self_hosted_runner(row.id)
    assert gone.value.status == 404


@pytest.mark.soak
def test_the_package_installs_and_runs(stack: Stack, organization: Organization, tmp_path: Path) -> None:
    found = organization.get_self_hosted_runner_applications()
    url = next(one.download_url for one in found if (one.os, one.architecture) == ("linux", "x64"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    bin = tmp_path / "venv" / "bin"
    subprocess.run([bin / "pip", "install", "--quiet", url], check=True, cwd=tmp_path)
    version = subprocess.run([bin / "forge-runner", "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.strip() in url

    given = just_in_time(organization, "of-the-package", 1, "packaged")
    settings = {"FORGE_RUNNER_BACKEND": "host", "FORGE_RUNNER_JITCONFIG": given.encoded_jit_config}
    agent = Process(
        [bin / "forge-runner", "run", "--dir", tmp_path / "agent"], env=settings, without=OURS, cwd=tmp_path
    )
    stack.processes["runner-package"] = agent
    project = owned_project(stack, "packaged", WORKFLOW % ("Default", "packaged"))
    run = project.run(project.push())
    assert project.completed(run["id"])["conclusion"] == "success"
    assert agent.wait(30) == 0
