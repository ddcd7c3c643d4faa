"""Real threads at one moment: no deadlock reaches anyone, and each time exactly one of two wins.

On PostgreSQL they share the pool of connections that a web process has; on SQLite they wait for one another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from forge.actions import background, cancel, discard, logs, report, rerun, tasks, trigger
from forge.actions.models import Claim, Place, Run, RunAttempt
from forge.actions.refusals import LeaseLost
from forge.errors import Conflict, Forbidden, ForgeError
from tests.engine import CI, FakeRunner, Project, jobs, state
from tests.forge.actions.texts import ONE
from workflows.messages import JobReport

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

MATRIX = """
on: push
jobs:
  a:
    runs-on: x
    strategy:
      fail-fast: {fail_fast}
      matrix: {{n: {legs}}}
    steps: [{{run: "true"}}]
  b:
    needs: a
    if: always()
    runs-on: x
    steps: [{{run: "true"}}]
"""
GROUP = """
on: push
concurrency: one
jobs:
  a:
    runs-on: x
    steps: [{run: "true"}]
"""


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all of these at one moment, each in a thread; what each gave, or the ``ForgeError`` that refused it."""
    gate = threading.Barrier(len(deeds))

    def one(deed: Callable[[], Any]) -> Any:
        gate.wait(60)
        try:
            return deed()
        except ForgeError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(120) for future in [pool.submit(one, deed) for deed in deeds]]


def times(few: int, many: int) -> pytest.MarkDecorator:
    """A case for every run of the tests, and one for the soak."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.soak)])


@times(8, 50)
def test_two_jobs_of_one_run_end_together_with_fail_fast(count: int) -> None:
    project = Project.new()
    text = MATRIX.format(fail_fast="true", legs="[1, 2]")
    runs = [project.run(text) for _ in range(count)]
    runner = FakeRunner.new("x", capacity=2 * count, repository=project.repository)
    works = [runner.take() for _ in range(2 * count)]

    ends = [partial(work.finish, "failure" if work.job.leg == 0 else "success") for work in works]
    assert at_once(ends) == [None] * len(ends)

    assert {state(run) for run in runs} == {("in_progress", None)}  # b, which always runs
    assert len(runner.work_off()) == count
    assert {state(run) for run in runs} == {("completed", "failure")}
    assert {jobs(run)["a (1)"] for run in runs} == {("completed", "failure")}


@times(12, 50)
def test_many_jobs_of_one_run_end_together(count: int) -> None:
    run = Project.new().run(MATRIX.format(fail_fast="false", legs=list(range(count))))
    runner = FakeRunner.new("x", capacity=count, repository=run.repository)
    works = [runner.take() for _ in range(count)]

    ends = [partial(work.finish, "failure" if number == 3 else "success") for number, work in enumerate(works)]
    assert at_once(ends) == [None] * count

    assert runner.work_off() == ["b"]
    assert state(run) == ("completed", "failure")
    assert sorted(end for _, end in jobs(run).values()).count("success") == count


@times(6, 300)
def test_two_runs_ask_for_one_group(count: int) -> None:
    project = Project.new()
    runner = FakeRunner.new("x", capacity=2, repository=project.repository)
    for number in range(count):
        events = [project.push({CI: GROUP}, ref=f"refs/heads/{name}") for name in ("main", f"b{number % 3}")]
        with background.using(lambda task, args: getattr(tasks, task)(*args)):
            made = at_once([partial(trigger.expand, event.pk) for event in events])
            runs = [run for of_event in made for run in of_event]

            assert sorted(Place.objects.values_list("state", flat=True)) == ["holding", "waiting"], number
            assert sorted(state(run)[0] for run in runs) == ["pending", "queued"]
            first = runner.take()
            assert runner.claim() is None
            first.finish()
            runner.take().finish()
        assert {state(run) for run in runs} == {("completed", "success")}
        assert not Place.objects.exists()


@times(6, 300)
def test_two_people_run_one_run_again(count: int) -> None:
    run, runner = _finished()
    for number in range(count):
        if number % 40 == 39:  # there are at most fifty attempts
            run, runner = _finished()
        before = run.attempts.count()
        answers = at_once([partial(rerun.attempt, None, run)] * 2)
        assert {type(one) for one in answers} == {RunAttempt, Forbidden}
        assert run.attempts.count() == before + 1
        runner.work_off()


@times(6, 300)
def test_a_cancel_meets_the_end(count: int) -> None:
    project = Project.new()
    runner = FakeRunner.new("ubuntu-latest", repository=project.repository)
    for _ in range(count):
        run = project.run(ONE)
        work = runner.take()
        work.step("in_progress")
        ended, stopped = at_once([work.finish, partial(cancel.run, None, run)])
        assert ended is None
        assert stopped is None or isinstance(stopped, Conflict)
        # Whoever was first, what the runner said is what came of the job.
        assert (state(run), set(jobs(run).values())) == (("completed", "success"), {("completed", "success")})


@times(6, 300)
def test_a_cancel_meets_a_claim(count: int) -> None:
    project = Project.new()
    for _ in range(count):
        run = project.run(ONE)
        runner = FakeRunner.new("ubuntu-latest", repository=project.repository)
        claimed, stopped = at_once([runner.claim, partial(cancel.run, None, run)])
        assert stopped is None
        assert (state(run), set(jobs(run).values())) == (("completed", "cancelled"), {("completed", "cancelled")})
        assert not Claim.objects.filter(ended_at=None).exists()
        if claimed is not None:
            with pytest.raises(ForgeError):
                report.acknowledge(claimed, JobReport(claimed.epoch, "in_progress"))


def _finished() -> tuple[Run, FakeRunner]:
    run = Project.new().run(ONE)
    runner = FakeRunner.new("ubuntu-latest", repository=run.repository)
    runner.work_off()
    return run, runner


@times(4, 100)
def test_a_log_grows_while_its_run_is_deleted(count: int) -> None:
    for _ in range(count):
        Project.new().run(ONE)
        work = FakeRunner.new("ubuntu-latest").take()
        work.finish(log_length=100)
        deeds = [partial(logs.append, work.claim, 0, b"x" * 100), partial(discard.run, work.job.run)]
        answer, removed = at_once(deeds)
        assert answer == 100 or isinstance(answer, LeaseLost)
        assert removed is None
        assert not Run.objects.exists()
