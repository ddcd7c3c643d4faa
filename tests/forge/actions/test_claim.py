"""One job to one runner, whoever races."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from forge.actions import claim, report
from forge.actions.models import Claim, Job
from forge.errors import Gone
from forge.runners.models import Runner
from tests import factories
from tests.engine import FakeRunner, Project, state
from tests.forge.actions.texts import ONE
from workflows.messages import JobReport

pytestmark = pytest.mark.django_db(transaction=True)


def race(rounds: int, racers: int = 2) -> None:
    """So many times: one job, several claimers let go at once, exactly one gets it."""
    project = Project.new()
    runners = [FakeRunner.new("ubuntu-latest", capacity=256) for _ in range(racers)]
    run = project.run(ONE)
    job = Job.objects.get(run=run)
    gate = threading.Barrier(racers)

    def claimer(runner: Runner) -> Callable[[], list[Claim | None]]:
        def work() -> list[Claim | None]:
            won = []
            for number in range(rounds):
                gate.wait(30)
                won.append(claim.next_job(runner, f"{runner.pk}-{number}"))
                gate.wait(30)
                if runner is runners[0].row:  # free the job for the next round
                    Claim.objects.filter(job=job, ended_at=None).update(ended_at=job.created_at)
                    Job.objects.filter(pk=job.pk).update(free=True)
                gate.wait(30)
            connection.close()
            return won

        return work

    with ThreadPoolExecutor(racers) as pool:
        results = [pool.submit(claimer(runner.row)) for runner in runners]
        won = [future.result(120 + rounds / 5) for future in results]
    for number in range(rounds):
        assert sum(of_runner[number] is not None for of_runner in won) == 1, f"round {number}"
    assert Job.objects.get(pk=job.pk).epoch == rounds


def test_two_claimers_race_a_thousand_times() -> None:
    race(1000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_claimers_race_ten_thousand_times() -> None:
    race(10_000)


def test_many_claimers_and_many_jobs() -> None:
    project = Project.new()
    runs = [project.run(ONE) for _ in range(12)]
    runners = [FakeRunner.new("ubuntu-latest", capacity=3) for _ in range(4)]
    gate = threading.Barrier(4)

    def work(runner: FakeRunner) -> list[int]:
        gate.wait(30)
        taken = []
        for number in range(8):
            claimed = claim.next_job(runner.row, str(number))
            if claimed is not None:
                taken.append(claimed.job_id)
        connection.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [job for future in [pool.submit(work, runner) for runner in runners] for job in future.result(60)]
    assert len(taken) == len(set(taken)) == len(runs)


def test_jobs_that_end_at_once_meet_no_deadlock() -> None:
    text = ONE.replace("    runs-on", "    strategy:\n      matrix:\n        n: [1, 2, 3, 4, 5, 6]\n    runs-on")
    run = Project.new().run(text)
    runner = FakeRunner.new("ubuntu-latest", capacity=6)
    works = [runner.take() for _ in range(6)]
    gate = threading.Barrier(6)

    def end(number: int) -> None:
        gate.wait(30)
        works[number].finish("failure" if number == 3 else "success")
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        for future in [pool.submit(end, number) for number in range(6)]:
            future.result(60)
    assert state(run) == ("completed", "failure")


def test_capacity_counts_live_claims() -> None:
    project = Project.new()
    for _ in range(3):
        project.run(ONE)
    runner = FakeRunner.new("ubuntu-latest", capacity=2)
    first = runner.take()
    assert runner.claim() is not None
    assert runner.claim() is None
    first.finish()
    assert runner.claim() is not None


@pytest.mark.parametrize(
    ("labels", "wanted", "fits"),
    [
        ((), "self-hosted", True),
        ((), "[self-hosted, linux, x64]", True),
        (("GPU",), "[self-hosted, gpu]", True),
        (("gpu",), "[gpu, big]", False),
        (("big", "gpu", "more"), "[Gpu, BIG]", True),
    ],
)
def test_labels(labels: tuple[str, ...], wanted: str, fits: bool) -> None:
    Project.new().run(ONE.replace("ubuntu-latest", wanted))
    assert (FakeRunner.new(*labels).claim() is not None) is fits


def test_scope() -> None:
    project = Project.new()
    run = project.run(ONE)
    other = factories.repository()
    assert FakeRunner.new("ubuntu-latest", repository=other).claim() is None
    assert FakeRunner.new("ubuntu-latest", owner=other.owner).claim() is None
    assert FakeRunner.new("ubuntu-latest", owner=project.account).claim() is not None
    assert Job.objects.get(run=run).runner_name


def test_a_key_is_answered_alike_until_its_claim_ends() -> None:
    project = Project.new()
    project.run(ONE)
    project.run(ONE)
    runner = FakeRunner.new("ubuntu-latest", capacity=2)
    first = runner.claim("k")
    assert first is not None
    assert runner.claim("k") == first
    assert runner.claim("l") != first
    report.finish(first, JobReport(first.epoch, "completed", "success"))
    with pytest.raises(Gone):
        runner.claim("k")


def test_a_draining_or_removed_runner_takes_nothing() -> None:
    Project.new().run(ONE)
    runner = FakeRunner.new("ubuntu-latest")
    runner.row.draining = True
    assert runner.claim() is None
    runner.row.draining = False
    Runner.objects.update(removed_at=runner.row.created_at)
    assert runner.claim() is None
