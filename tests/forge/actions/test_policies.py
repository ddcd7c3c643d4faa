"""Policies with effect: no runs where Actions are off, no uses that are not allowed, no logs past their day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from forge.accounts.actor import Actor
from forge.actions import dispatch, rerun, retention, trigger
from forge.actions.models import Event, JobLog, LogChunk, Run, RunAttempt, Workflow
from forge.errors import Forbidden
from forge.repos import policies
from tests.engine import CI, FakeRunner, Project

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = """\
on: {push: {}, workflow_dispatch: {}}
jobs: {build: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}
"""
CHECKOUT = TEXT.replace('{run: "true"}', "{uses: actions/checkout@v4}")


def choose(project: Project, **values: Any) -> None:
    policies.change(Actor.for_session(project.account), project.repository, values)


def test_switched_off_nothing_starts_and_what_waits_goes_on() -> None:
    project = Project.new()
    first = project.run(TEXT)
    choose(project, enabled=False)
    event = project.push({CI: TEXT + "# more\n"})
    assert trigger.expand(event.pk) == []
    event.refresh_from_db()
    assert (event.state, event.error) == (Event.State.EXPANDED, f"{policies.DISABLED}.")
    workflow = Workflow.objects.get()
    with pytest.raises(Forbidden, match="disabled"):
        dispatch.dispatch(project.account, project.repository, workflow, "main", {})
    FakeRunner.new("ubuntu-latest").take().finish()
    first.refresh_from_db()
    assert RunAttempt.objects.get().conclusion == "success"
    with pytest.raises(Forbidden, match="disabled"):
        rerun.attempt(project.account, first)
    with pytest.raises(Forbidden, match="disabled"):
        rerun.as_new_run(project.account, first)
    assert Run.objects.count() == 1
    choose(project, enabled=True)
    assert dispatch.dispatch(project.account, project.repository, workflow, "main", {}).run_number == 2


def test_a_use_that_is_not_allowed_is_a_startup_failure_with_its_place() -> None:
    project = Project.new()
    choose(project, allowed_actions="local_only")
    run = project.run(CHECKOUT)
    attempt = RunAttempt.objects.get(run=run)
    assert attempt.conclusion == "startup_failure"
    [problem] = attempt.problems
    assert (problem["file"], problem["line"]) == (CI, 2)
    assert problem["message"].startswith("actions/checkout@v4 is not allowed to be used here.")
    choose(project, allowed_actions="selected")
    assert RunAttempt.objects.get(run=project.run(CHECKOUT)).status == "queued"  # created by GitHub
    choose(project, allowed_actions="selected", github_owned_allowed=False)
    assert RunAttempt.objects.get(run=project.run(CHECKOUT)).conclusion == "startup_failure"
    assert RunAttempt.objects.get(run=project.run(TEXT)).status == "queued"


def ended(project: Project, days: int) -> Run:
    """A run with a log, which ended so many days ago."""
    run = project.run(TEXT + f"# {days}\n")
    work = FakeRunner.new("ubuntu-latest").take()
    work.step("in_progress")
    work.log(b"2026-01-15T12:00:00.0000000Z a line\n")
    work.finish()
    RunAttempt.objects.filter(run=run).update(completed_at=timezone.now() - timedelta(days=days))
    return run


def test_logs_go_after_the_days_that_were_chosen_when_their_run_ended() -> None:
    project = Project.new()
    run = ended(project, 10)
    retention.sweep()
    choose(project, retention_days=9)
    retention.sweep()
    assert JobLog.objects.get(job__run=run).deleted_at is None  # it ended before that was chosen
    another = ended(project, 8)
    gone = ended(project, 10)
    for _ in range(2):
        retention.sweep()
    assert JobLog.objects.get(job__run=gone).deleted_at is not None
    assert not LogChunk.objects.filter(job__run=gone).exists()
    assert JobLog.objects.get(job__run=another).deleted_at is None
    assert sorted(RunAttempt.objects.filter(logs_expired=True).values_list("run", flat=True)) == [gone.pk]
