"""A deleted repository: its runs end, then everything of it goes."""

from __future__ import annotations

import pytest
from django.utils import timezone

from forge.actions import deletion, logs
from forge.actions.models import Event, Job, LogPage, Run
from forge.actions.refusals import LeaseLost
from forge.blobs import store
from forge.repos import git
from forge.repos.models import Repository
from tests.engine import FakeRunner, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_left_and_the_runner_hears_of_it() -> None:
    project = Project.new()
    project.run(ONE)
    runner = FakeRunner.new("ubuntu-latest", capacity=2)
    done, open_ = runner.take(), None
    done.log(b"words\n", 0)
    done.finish()
    logs.seal(done.claim.job_id)
    blob = LogPage.objects.get().blob
    project.run(ONE)
    open_ = runner.take()
    Repository.objects.update(deleted_at=timezone.now())
    deletion.sweep()
    deletion.sweep()
    with pytest.raises((LeaseLost, Job.DoesNotExist)):
        open_.finish()
    assert not store.exists(blob)
    assert not git.path(project.repository).exists()
    assert [model.objects.count() for model in (Repository, Run, Job, Event, LogPage)] == [0, 0, 0, 0, 0]


def test_a_living_repository_is_left_alone() -> None:
    run = Project.new().run(ONE)
    deletion.sweep()
    assert Run.objects.get() == run
