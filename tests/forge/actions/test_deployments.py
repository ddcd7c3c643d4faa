"""Jobs that wait for the rules of their environment, and who lets them go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind
from forge.actions import approve, cancel, deployments, reasons, rerun
from forge.actions.models import DeploymentReview, Job, PendingDeployment, Run, RunAttempt
from forge.environments import environments, rules
from forge.environments.models import Environment
from forge.errors import Forbidden, Invalid
from forge.repos.models import Collaborator, Right
from forge.vault import removal
from tests import factories
from tests import rules as rules_of_engine
from tests.engine import FakeRunner, Project, attempt, jobs, state

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = """\
on: push
jobs:
  build: {runs-on: x, steps: [{run: "true"}]}
  deploy: {runs-on: x, environment: Production, steps: [{run: "true"}]}
  after: {runs-on: x, needs: deploy, steps: [{run: "true"}]}
"""
WAITING, SKIPPED = ("waiting", None), ("completed", "skipped")


class Scene:
    """A project whose environment ``production`` has rules, with one reviewer who may read."""

    def __init__(self, **values: Any) -> None:
        self.project = Project.new()
        self.owner = Actor.for_session(self.project.account)
        self.person = factories.account()
        Collaborator.objects.create(repository=self.project.repository, user=self.person, right=Right.READ)
        self.reviewer = Actor.for_session(self.person)
        self.environment = environments.get_or_create(self.project.repository, "production")
        self.choose(**values)

    def choose(self, *reviewers: Account, **values: Any) -> None:
        rules.change(self.owner, self.environment, values, [one.pk for one in reviewers])
        self.environment.repository = self.project.repository

    def reviewed(self, **values: Any) -> Run:
        """A run whose job waits for the reviewer; the job beside it is done."""
        self.choose(self.person, **values)
        run = self.project.run(TEXT)
        assert FakeRunner.new("x").work_off() == ["build"]
        return run

    def deploy(self, run: Run) -> Job:
        return Job.objects.get(attempt=attempt(run), name="deploy")


def integration() -> Actor:
    """A program with an account of its own."""
    return Actor.for_session(factories.account(kind=Kind.BOT))


def test_an_approval_lets_the_job_go_on() -> None:
    scene = Scene()
    run = scene.reviewed()
    assert (state(run), jobs(run)["deploy"]) == (WAITING, WAITING)
    why = reasons.waiting(scene.deploy(run))
    assert why == {"code": "environment", "environment": "production", "reviewers": [scene.person.login], "rules": []}
    assert (
        reasons.text(why)
        == f"Waiting for the environment “production”: an approval by {scene.person.login} is missing."
    )
    assert approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "go")
    assert jobs(run)["deploy"] == ("queued", None)
    assert FakeRunner.new("x").work_off() == ["deploy", "after"]
    assert state(run) == ("completed", "success")
    said = DeploymentReview.objects.get()
    assert (said.user, said.state, said.comment, list(said.environments.all())) == (
        scene.person,
        "approved",
        "go",
        [scene.environment],
    )
    assert audit.queries(run_id=run.pk, action="deployment.approved").get().names == ["production"]


def test_a_rejection_fails_the_job() -> None:
    scene = Scene()
    run = scene.reviewed()
    approve.review(scene.reviewer, run, [scene.environment.pk], "rejected", "not today")
    assert (jobs(run)["deploy"], jobs(run)["after"]) == (("completed", "failure"), SKIPPED)
    assert state(run) == ("completed", "failure")
    said = reasons.text(scene.deploy(run).reason)
    assert said == f"{scene.person.login} rejected the deployment to “production”: not today"
    with pytest.raises(Invalid):
        approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")


def test_who_may_not() -> None:
    scene = Scene()
    run = scene.reviewed()
    with pytest.raises(Forbidden):
        approve.review(scene.owner, run, [scene.environment.pk], "approved", "")
    with pytest.raises(Invalid):
        approve.review(scene.reviewer, run, [scene.environment.pk + 1], "approved", "")
    with pytest.raises(Invalid):
        approve.review(scene.reviewer, run, [], "approved", "")
    with pytest.raises(Invalid):
        approve.review(scene.reviewer, run, [scene.environment.pk], "maybe", "")
    scene.choose(scene.project.account, prevent_self_review=True)
    with pytest.raises(Forbidden):  # who started the run
        approve.review(scene.owner, run, [scene.environment.pk], "approved", "")
    scene.choose(scene.project.account, prevent_self_review=False)
    assert approve.review(scene.owner, run, [scene.environment.pk], "approved", "")


def test_an_administrator_passes_by_the_rules_where_that_is_allowed() -> None:
    scene = Scene()
    run = scene.reviewed(wait_timer=30)
    ids = [scene.environment.pk]
    with pytest.raises(Forbidden):  # the environment lets nobody pass
        approve.bypass(scene.owner, run, ids, "it burns")
    scene.choose(scene.person, wait_timer=30, can_admins_bypass=True)
    with pytest.raises(Forbidden):  # no administrator, though a reviewer
        approve.bypass(scene.reviewer, run, ids, "it burns")
    for wrong, reason in ((ids, " "), ([], "it burns"), ([ids[0] + 1], "it burns")):
        with pytest.raises(Invalid):
            approve.bypass(scene.owner, run, wrong, reason)
    assert jobs(run)["deploy"] == WAITING
    approve.bypass(scene.owner, run, ids, "it burns")
    assert FakeRunner.new("x").work_off() == ["deploy", "after"]
    said = DeploymentReview.objects.get()
    assert (said.user, said.state, said.comment) == (scene.project.account, "bypassed", "it burns")
    assert audit.queries(run_id=run.pk, action="deployment.bypassed").get().names == ["production"]
    with pytest.raises(Invalid):  # nothing waits any more
        approve.bypass(scene.owner, run, ids, "it burns")


def test_a_wait_timer() -> None:
    scene = Scene(wait_timer=30)
    run = scene.project.run(TEXT)
    assert jobs(run)["deploy"] == WAITING
    why = reasons.waiting(scene.deploy(run))
    due = datetime.fromisoformat(why["until"])
    assert reasons.text(why) == (
        f"Waiting for the environment “production” until {due.day} {due:%b %Y, %H:%M:%S} UTC, as its wait timer asks."
    )
    approve.sweep()
    assert jobs(run)["deploy"] == WAITING
    ago = timezone.now() - timedelta(minutes=31)
    PendingDeployment.objects.update(created_at=ago, due_at=ago + timedelta(minutes=30))
    approve.sweep()
    assert jobs(run)["deploy"] == ("queued", None)


def test_an_approval_does_not_shorten_the_wait_timer() -> None:
    scene = Scene()
    run = scene.reviewed(wait_timer=10)
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")
    assert jobs(run)["deploy"] == WAITING
    row = PendingDeployment.objects.get()
    assert row.due_at == row.created_at + timedelta(minutes=10)


def test_an_integration_decides() -> None:
    scene, program, stranger = Scene(), integration(), integration()
    assert program.account is not None
    rules.add_integration(scene.owner, scene.environment, program.account.pk)
    run = scene.project.run(TEXT)
    assert jobs(run)["deploy"] == WAITING
    for wrong in (stranger, scene.owner):
        with pytest.raises(Forbidden):
            approve.rule(wrong, run, "Production", "approved", "")
    with pytest.raises(Invalid):
        approve.rule(program, run, "staging", "approved", "")
    approve.rule(program, run, "Production", "approved", "well")
    assert jobs(run)["deploy"] == ("queued", None)
    again = scene.project.run(TEXT + "# more\n")
    approve.rule(program, again, "Production", "rejected", "no")
    assert jobs(again)["deploy"] == ("completed", "failure")


def test_all_of_several_rules() -> None:
    scene, program = Scene(), integration()
    assert program.account is not None
    rules.add_integration(scene.owner, scene.environment, program.account.pk)
    run = scene.reviewed()
    approve.rule(program, run, "production", "approved", "")
    assert jobs(run)["deploy"] == WAITING
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")
    assert jobs(run)["deploy"] == ("queued", None)


@pytest.mark.parametrize(
    ("policies", "ref", "may"),
    [
        ({}, "refs/heads/main", True),
        ({"main": "branch"}, "refs/heads/main", True),
        ({"main": "tag"}, "refs/heads/main", False),
        ({"release/*": "branch"}, "refs/heads/release/1", True),
        ({"release/*": "branch"}, "refs/heads/main", False),
        ({"v*": "tag"}, "refs/tags/v1", True),
        ({"v*": "branch"}, "refs/tags/v1", False),
    ],
)
def test_from_where_may_be_deployed(policies: dict[str, str], ref: str, may: bool) -> None:
    scene = Scene(custom_branch_policies=bool(policies))
    for name, kind in policies.items():
        rules.add_branch_policy(scene.owner, scene.environment, name, kind)
    run = scene.project.run(TEXT, ref=ref)
    assert jobs(run)["deploy"] == (("queued", None) if may else ("completed", "failure"))
    if not may:
        assert "is not allowed to deploy to “production”" in reasons.text(scene.deploy(run).reason)


def test_an_environment_without_rules_holds_nothing() -> None:
    scene = Scene()
    assert jobs(scene.project.run(TEXT))["deploy"] == ("queued", None)
    assert not PendingDeployment.objects.exists()


def test_rules_that_are_taken_away_hold_nothing_any_more() -> None:
    scene = Scene()
    run = scene.reviewed()
    scene.choose()
    approve.rules_changed(scene.project.repository, scene.environment)
    assert jobs(run)["deploy"] == ("queued", None)


def test_a_job_whose_environment_is_deleted_fails() -> None:
    scene = Scene()
    run = scene.reviewed()
    removal.environment(scene.owner, Environment.objects.select_related("repository__owner").get())
    approve.sweep()
    assert jobs(run)["deploy"] == ("completed", "failure")
    assert reasons.text(scene.deploy(run).reason) == "The environment “production” was deleted."


def test_a_cancel_ends_what_waits() -> None:
    scene = Scene()
    run = scene.reviewed()
    cancel.run(scene.project.account, run)
    assert state(run) == ("completed", "cancelled")
    assert not deployments.waiting(run).exists()
    with pytest.raises(Invalid):
        approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")


def test_each_attempt_is_approved_anew() -> None:
    scene = Scene()
    run = scene.reviewed()
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")
    FakeRunner.new("x").work_off("failure")
    rerun.attempt(scene.project.account, run, "failed")
    assert jobs(run)["deploy"] == WAITING
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "again")
    assert FakeRunner.new("x").work_off() == ["deploy", "after"]
    assert state(run) == ("completed", "success")
    assert run.reviews.count() == 2


def test_an_environment_and_then_a_group() -> None:
    scene = Scene()
    text = "on: push\njobs: {deploy: {runs-on: x, environment: production, concurrency: g, steps: [{run: 'true'}]}}\n"
    holder = scene.project.run(text)
    assert jobs(holder)["deploy"] == ("queued", None)
    scene.choose(scene.person)
    run = scene.project.run(text + "# more\n")
    assert jobs(run)["deploy"] == WAITING
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")
    assert jobs(run)["deploy"] == ("pending", None)
    FakeRunner.new("x").take().finish()
    rules_of_engine.settle()
    assert jobs(run)["deploy"] == ("queued", None)


def test_a_part_of_a_matrix_that_runs_again_waits_again() -> None:
    scene = Scene()
    text = (
        "on: push\njobs: {deploy: {runs-on: x, environment: production, "
        "strategy: {fail-fast: false, matrix: {n: [1, 2]}}, steps: [{run: 'true'}]}}\n"
    )
    scene.choose(scene.person)
    run = scene.project.run(text)
    approve.review(scene.reviewer, run, [scene.environment.pk], "approved", "")
    runner = FakeRunner.new("x")
    first, second = (runner.take().finish(word) for word in ("success", "failure"))
    assert first is second is None
    rerun.attempt(scene.project.account, run, "failed")
    assert jobs(run) == {"deploy (1)": ("completed", "success"), "deploy (2)": WAITING}


def test_a_run_that_waits_as_a_whole_is_approved() -> None:
    project = Project.new()
    run = project.run(TEXT)
    actor = Actor.for_session(project.account)
    with pytest.raises(Forbidden):
        approve.run(actor, run)
    RunAttempt.objects.filter(run=run).update(hold="approval", status="waiting")
    approve.run(actor, run)
    assert (attempt(run).hold, state(run)) == ("", ("queued", None))
    assert audit.queries(run_id=run.pk, action="run.approved").exists()
