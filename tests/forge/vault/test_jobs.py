"""What the audit log says of jobs that were really given out: pushed files, claims and assignments, nothing patched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from forge.accounts import audit
from forge.actions import assignment
from forge.environments import environments
from forge.vault.scopes import Scope
from tests.engine import FakeRunner, Project
from tests.forge.vault import sender

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = """
on: push
jobs:
  plain: {runs-on: x, steps: [{run: 'true'}]}
  deploy: {runs-on: x, environment: Production, steps: [{run: 'true'}]}
"""


@pytest.fixture
def project() -> Iterator[Project]:
    """A repository with two secrets, one of which its environment has too."""
    made = Project.new(private=True)
    place = Scope.of_environment(environments.get_or_create(made.repository, "production"))
    for scope, name in ((Scope.of_repository(made.repository), "TOKEN"), (place, "TOKEN"), (place, "KEY")):
        sender.secret(scope, name, f"value of {scope.kind}")
    yield made
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


def test_each_hand_over_is_one_entry(project: Project) -> None:
    run = project.run(TEXT)
    runner = FakeRunner.new("x", capacity=2)
    works = {work.assignment.job_name: work for work in (runner.take(), runner.take())}
    written = {entry.job_id: entry for entry in audit.queries(action="secrets.handed_over")}
    assert len(written) == 2
    for name, names, environment in (("plain", ["TOKEN"], ""), ("deploy", ["KEY", "TOKEN"], "production")):
        work = works[name]
        entry = written[work.job.pk]
        assert (entry.run_id, entry.epoch, entry.names) == (run.pk, work.claim.epoch, names)
        assert (entry.repository_id, entry.environment) == (project.repository.pk, environment)
        assert "value of" not in str(vars(entry))

    assignment.build(works["plain"].claim)  # the answer was lost and asked for again: it goes out twice
    again = audit.queries(run_id=run.pk)[0]
    assert (again.job_id, again.epoch) == (works["plain"].job.pk, works["plain"].claim.epoch)
    assert audit.queries(run_id=run.pk).count() == 3


def test_a_job_without_secrets_is_none() -> None:
    project = Project.new()
    run = project.run(TEXT)
    assert FakeRunner.new("x").work_off() == ["plain", "deploy"]
    assert not audit.queries(run_id=run.pk).exists()
