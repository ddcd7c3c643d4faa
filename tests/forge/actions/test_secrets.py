"""Secrets and variables on their way into a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge.actions import assignment, claim, rerun
from forge.actions.assignment import CannotBuild
from forge.actions.models import Job
from forge.environments import environments
from forge.environments.models import Environment
from forge.vault.models import Secret
from forge.vault.scopes import Scope
from tests.engine import FakeRunner, Project, Work, state
from tests.forge.vault import sender

pytestmark = pytest.mark.django_db(transaction=True)

FILES = ".github/workflows/called.yml"
JOB = """on: push\njobs: {a: {runs-on: "${{ vars.LABEL || 'l' }}"%s, steps: [{run: x}]}}\n"""
CALLED = """\
on: {workflow_call: {secrets: {given: , other: {required: false}}}}
jobs: {x: {runs-on: l%s, steps: [{run: x}]}}
"""


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.VAULT_KEYS = tmp_path / "keys.json"


@pytest.fixture
def project() -> Project:
    """One with a secret and a variable of the repository and of the environment ``production``."""
    made = Project.new()
    scope = Scope.of_repository(made.repository)
    sender.secret(scope, "TOKEN", "repository's")
    sender.secret(scope, "OTHER", "another")
    sender.variable(scope, "SIZE", "small")
    place = Scope.of_environment(environments.get_or_create(made.repository, "production"))
    sender.secret(place, "TOKEN", "environment's")
    sender.variable(place, "SIZE", "large")
    return made


def _take(project: Project, text: str, called: str = "") -> Work:
    project.run(text, files={FILES: called} if called else None)
    return FakeRunner.new("l").take()


def _secrets(work: Work) -> dict[str, str]:
    return {name: value for name, value in work.assignment.secrets.items() if name != "GITHUB_TOKEN"}


def test_a_job_gets_what_its_repository_has(project: Project) -> None:
    work = _take(project, JOB % "")
    assert _secrets(work) == {"TOKEN": "repository's", "OTHER": "another"}
    assert work.assignment.contexts["vars"] == {"SIZE": "small"}
    assert set(work.assignment.masks) == {"repository's", "another", work.assignment.github_token}


@pytest.mark.parametrize("name", ["production", "Production", "${{ github.ref_name == 'main' && 'production' }}"])
def test_its_environment_wins(project: Project, name: str) -> None:
    work = _take(project, JOB % f', environment: "{name}"')
    assert _secrets(work) == {"TOKEN": "environment's", "OTHER": "another"}
    assert work.assignment.contexts["vars"] == {"SIZE": "large"}


def test_an_environment_is_made_when_a_job_names_it(project: Project) -> None:
    _take(project, JOB % ", environment: {name: staging, url: 'https://example.org'}")
    assert Environment.objects.filter(repository=project.repository, name="staging").exists()


def test_the_environment_keeps_the_address_that_the_job_gives() -> None:
    work = _take(Project.new(), JOB % ", environment: {name: x, url: 'https://example.org'}")
    work.finish(environment_url="https://example.org/42")
    assert work.job.environment_url == "https://example.org/42"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "  ", "https://x/" + "y" * 2048])
def test_an_address_that_is_none_is_not_kept(url: str) -> None:
    work = _take(Project.new(), JOB % ", environment: x")
    work.finish(environment_url=url)
    assert work.job.environment_url == ""


def test_variables_are_there_when_the_job_is_made(project: Project) -> None:
    sender.variable(Scope.of_repository(project.repository), "LABEL", "special")
    project.run(JOB % "")
    assert FakeRunner.new("special").work_off() == ["a"]


def test_a_new_attempt_sees_new_variables(project: Project) -> None:
    run = project.run(JOB % "")
    FakeRunner.new("l").work_off()
    sender.variable(Scope.of_repository(project.repository), "LABEL", "special")
    rerun.attempt(project.account, run)
    assert FakeRunner.new("special").work_off() == ["a"]


CALL = "on: push\njobs:\n  c:\n    uses: ./.github/workflows/called.yml\n%s"


@pytest.mark.parametrize(
    ("handed", "environment", "seen"),
    [
        ("", "", {}),
        ("    secrets: inherit\n", "", {"TOKEN": "repository's", "OTHER": "another"}),
        ("    secrets: {given: '${{ secrets.token }}'}\n", "", {"given": "repository's"}),
        ("    secrets: {given: 'x ${{ secrets.none }}${{ vars.SIZE }}'}\n", "", {"given": "x small"}),
        # An environment's secrets are not handed on, and win where the called job names it.
        ("", ", environment: production", {"TOKEN": "environment's"}),
        (
            "    secrets: {given: '${{ secrets.TOKEN }}'}\n",
            ", environment: production",
            {"given": "repository's", "TOKEN": "environment's"},
        ),
        ("    secrets: inherit\n", ", environment: production", {"TOKEN": "environment's", "OTHER": "another"}),
    ],
)
def test_what_a_called_job_gets(project: Project, handed: str, environment: str, seen: dict[str, str]) -> None:
    work = _take(project, CALL % handed, CALLED % environment)
    assert _secrets(work) == seen
    assert set(seen.values()) <= set(work.assignment.masks)
    assert work.assignment.secrets["GITHUB_TOKEN"] == work.assignment.github_token


def test_a_secret_that_cannot_be_read_fails_its_job_alone(project: Project) -> None:
    Secret.objects.filter(name="OTHER").update(name="BROKEN")
    run = project.run(JOB % "")
    runner = FakeRunner.new("l")
    claimed = claim.next_job(runner.row, "k")
    assert claimed is not None
    with pytest.raises(CannotBuild, match="BROKEN"):
        assignment.build(claimed)
    assert state(run)[0] == "queued"


@pytest.mark.parametrize("name", ["ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"])
@pytest.mark.parametrize(("value", "debug"), [("true", True), ("TRUE ", True), ("false", False), ("1", False)])
def test_debug_logging_for_a_whole_repository(name: str, value: str, debug: bool) -> None:
    project = Project.new()
    sender.variable(Scope.of_repository(project.repository), name, value)
    assert _take(project, JOB % "").assignment.debug is debug


def test_debug_logging_of_one_attempt() -> None:
    project = Project.new()
    run = project.run(JOB % "")
    runner = FakeRunner.new("l")
    assert not runner.take().finish()
    rerun.attempt(project.account, run, debug=True)
    assert runner.take().assignment.debug
    assert Job.objects.count() == 2
