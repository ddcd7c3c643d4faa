"""Random legal and illegal calls, in any order: every rule holds after each, and everything ends."""

from __future__ import annotations

import pytest

from forge.actions import transitions
from forge.actions.models import Job
from tests.engine import Project
from tests.forge.actions.machine.drive import drive, episode, explain, play, shorter
from tests.forge.actions.machine.world import World
from tests.forge.actions.texts import MATRIX
from workflows.states import Conclusion

pytestmark = pytest.mark.django_db(transaction=True)


def test_random_calls_keep_every_rule(state_seed: int) -> None:
    drive(state_seed, 120)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_random_calls_keep_every_rule(state_seed: int) -> None:
    drive(state_seed, 10_000)


def test_a_seed_says_always_the_same() -> None:
    assert episode(7, 0, 50) == episode(7, 0, 50)
    assert episode(7, 0, 50) != episode(8, 0, 50)


class Spoiled(World):
    """A world in which a heartbeat takes jobs away from everybody."""

    def heartbeat(self, a: int, b: int, c: int) -> None:
        Job.objects.filter(repository=self.repository, status="queued").update(free=False)


def test_what_breaks_is_found_and_told_in_few_deeds() -> None:
    deeds = [*episode(3, 0, 3), ("push", (0, 0, 1)), ("sweep", (0, 0, 0)), ("heartbeat", (0, 0, 0))]
    failed = play(deeds, Spoiled)
    assert failed is not None
    kept, error = shorter(deeds, *failed, Spoiled)
    assert [name for name, _ in kept] == ["push", "heartbeat"]
    assert "free: job:" in str(error)
    assert f"('heartbeat', {kept[-1][1]})," in explain(3, 0, kept, error)


@pytest.mark.breaks_rules
def test_only_legal_moves_are_written() -> None:
    run = Project.new().run(MATRIX)
    job = Job.objects.filter(run=run, status="queued").first()
    assert job is not None
    assert transitions.complete(job, Conclusion.SUCCESS)
    assert not transitions.complete(job, Conclusion.FAILURE)
    assert not transitions.start(job)
    assert not transitions.queue(run, [job.pk])
    assert not transitions.requeue(job)
