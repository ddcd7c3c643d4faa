"""Concurrency groups: one has it, the others wait or give way; and it is never given on too early."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from forge.actions import cancel, concurrency, leases, places, reasons, rerun
from forge.actions.models import Beat, Claim, Event, Job, Place, Run
from tests.engine import FakeRunner, Project, attempt, jobs, state
from workflows.messages import ActiveJob

pytestmark = pytest.mark.django_db(transaction=True)

GROUP = "on: push\nconcurrency: {group: Deploy%s}\njobs: {a: {runs-on: l, steps: [{run: x}]}}\n"
PLAIN, CANCELS, ALL = GROUP % "", GROUP % ", cancel-in-progress: true", GROUP % ", queue: max"
JOB = """\
on: push
jobs:
  before: {runs-on: l, steps: [{run: x}]}
  deploy: {runs-on: l, concurrency: {group: "deploy-${{ github.ref_name }}"%s}, steps: [{run: x}]}
"""


def _settle() -> None:
    """What the nudges of a running server do."""
    concurrency.sweep()


def _why(run: Run) -> str:
    return reasons.text(attempt(run).reason)


def test_a_second_run_waits_for_the_first() -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=5)
    first, second = project.run(PLAIN), project.run(PLAIN.replace("Deploy", "deploy"))
    assert (state(first), state(second)) == (("queued", None), ("pending", None))
    assert jobs(second) == {}
    runner.take().finish()
    _settle()
    assert (state(first), state(second)) == (("completed", "success"), ("queued", None))
    runner.take().finish()
    assert state(second) == ("completed", "success")
    assert not Place.objects.exists()


def test_it_says_who_holds_the_group() -> None:
    project = Project.new()
    first, second = project.run(PLAIN), project.run(PLAIN)
    [reason] = reasons.held([attempt(second)]).values()
    assert reason["code"] == "concurrency"
    assert reason["holder"]["run"] == first.pk
    assert (
        reasons.text(reason) == "Waiting for the concurrency group “Deploy”: run 1 of .github/workflows/ci.yml has it."
    )


def test_other_repositories_have_groups_of_their_own() -> None:
    first, second = Project.new().run(PLAIN), Project.new().run(PLAIN)
    assert state(first) == state(second) == ("queued", None)


def test_a_third_takes_the_place_of_the_one_that_waits() -> None:
    project = Project.new()
    first, second, third = project.run(PLAIN), project.run(PLAIN), project.run(PLAIN)
    assert [state(run)[0] for run in (first, second, third)] == ["queued", "completed", "pending"]
    assert state(second) == ("completed", "cancelled")
    assert (
        _why(second)
        == "Cancelled because run 3 of .github/workflows/ci.yml, which is newer, is in the group “Deploy” too."
    )


def test_cancel_in_progress_stops_the_holder() -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=5)
    first = project.run(CANCELS)
    work = runner.take()
    second = project.run(CANCELS)
    assert (state(first), state(second)) == (("in_progress", None), ("pending", None))
    assert work.job.cancel_requested_at is not None
    work.finish("cancelled")
    _settle()
    assert (state(first), state(second)) == (("completed", "cancelled"), ("queued", None))
    assert "run 2" in _why(first)


def test_a_holder_that_no_runner_works_on_ends_at_once() -> None:
    project = Project.new()
    first, second = project.run(CANCELS), project.run(CANCELS)
    _settle()
    assert (state(first), state(second)) == (("completed", "cancelled"), ("queued", None))


def test_queue_max_keeps_all_in_order() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    runs = [project.run(ALL) for _ in range(4)]
    for number, run in enumerate(runs):
        assert [state(one)[0] for one in runs[number:]] == ["queued"] + ["pending"] * (3 - number)
        runner.take().finish()
        _settle()
        assert state(run) == ("completed", "success")


def test_a_full_queue_takes_nobody() -> None:
    project = Project.new()
    first = project.run(ALL)
    group = Place.objects.get(run=first).group
    fields = {"group": group, "run": first, "attempt": attempt(first), "queue": "max"}
    Place.objects.bulk_create([Place(**fields) for _ in range(100)])
    last = project.run(ALL)
    assert state(last) == ("completed", "cancelled")
    assert _why(last) == "Cancelled because 100 others wait for the concurrency group “Deploy” already."


def test_a_cancelled_run_gives_its_place_back() -> None:
    project = Project.new()
    first, second = project.run(PLAIN), project.run(PLAIN)
    cancel.run(project.account, second)
    assert state(second) == ("completed", "cancelled")
    third = project.run(PLAIN)
    cancel.force(project.account, first)
    _settle()
    assert state(third) == ("queued", None)


def test_an_older_push_never_stops_a_newer_one() -> None:
    project = Project.new()
    newer = project.run(CANCELS)
    Event.objects.filter(pk=newer.event_id).update(ref_sequence=7)
    Place.objects.filter(run=newer).update(ref_sequence=7)
    older = project.run(CANCELS)
    assert older.event.ref_sequence == 2
    assert (state(newer), state(older)) == (("queued", None), ("completed", "cancelled"))


def test_a_repeated_old_run_is_the_newest() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first = project.run(CANCELS)
    runner.take().finish()
    second = project.run(CANCELS)
    rerun.attempt(project.account, first)
    _settle()
    _settle()
    assert (state(first), state(second)) == (("queued", None), ("completed", "cancelled"))


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ("${{ fromJSON('{') }}", "Error when evaluating 'concurrency'."),
        (f"${{{{ format('{{0}}{'x' * 400}', 1) }}}}", "less than 400 characters"),
    ],
)
def test_a_group_that_cannot_be_told_is_a_startup_failure(group: str, message: str) -> None:
    run = Project.new().run(f'on: push\nconcurrency: {{group: "{group}"}}\njobs: {{a: {{runs-on: l}}}}\n')
    assert state(run) == ("completed", "startup_failure")
    [problem] = attempt(run).problems
    assert message in problem["message"]
    assert problem["line"] == 2


# --- jobs -----------------------------------------------------------------------------------------


def test_a_job_waits_for_its_group_alone() -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=9)
    first, second = project.run(JOB % ""), project.run(JOB % "")
    assert jobs(first)["deploy"] == ("queued", None)
    assert jobs(second) == {"before": ("queued", None), "deploy": ("pending", None)}
    [waits] = reasons.waiting_for(Job.objects.filter(run=second, name="deploy")).values()
    assert reasons.text(waits) == (
        "Waiting for the concurrency group “deploy-main”: job deploy of run 1 of .github/workflows/ci.yml has it."
    )
    assert sorted(runner.work_off()) == ["before", "before", "deploy"]
    _settle()
    assert runner.work_off() == ["deploy"]
    assert state(first) == state(second) == ("completed", "success")


def test_a_newer_job_takes_the_place_of_the_one_that_waits() -> None:
    project = Project.new()
    _, second, third = (project.run(JOB % "") for _ in range(3))
    assert jobs(second)["deploy"] == ("completed", "cancelled")
    assert jobs(third)["deploy"] == ("pending", None)
    assert reasons.text(Job.objects.get(run=second, name="deploy").reason).startswith("Cancelled because job deploy of")


def test_a_running_job_is_asked_to_stop() -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=2)
    first = project.run(JOB % ", cancel-in-progress: true")
    works = {work.assignment.job_name: work for work in (runner.take(), runner.take())}
    project.run(JOB % ", cancel-in-progress: true")
    assert works["deploy"].job.cancel_requested_at is not None
    assert works["before"].job.cancel_requested_at is None
    works["deploy"].finish("cancelled")
    works["before"].finish()
    assert state(first) == ("completed", "cancelled")


MATRIX = """\
on: push
jobs:
  a:
    runs-on: l
    concurrency: {group: "g${{ matrix.g }}", queue: max}
    strategy: {max-parallel: 2, matrix: {g: [1, 1, 2, 3]}}
    steps: [{run: x}]
"""


def test_legs_ask_when_max_parallel_lets_them() -> None:
    text = MATRIX.replace("g: [1, 1, 2, 3]", "include: [{g: 1, n: 1}, {g: 1, n: 2}, {g: 2}, {g: 3}]")
    run = Project.new().run(text)
    _settle()
    assert [word for word, _ in jobs(run).values()] == ["queued", "pending", "pending", "pending"]
    assert Place.objects.count() == 2
    runner = FakeRunner.new("l")
    for _ in range(4):
        runner.take().finish()
        _settle()
    assert state(run) == ("completed", "success")
    assert not Place.objects.exists()


def test_a_repeated_job_asks_again() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first = project.run(JOB % "")
    assert sorted(runner.work_off()) == ["before", "deploy"]
    second = project.run(JOB % "")
    rerun.attempt(project.account, first, job=Job.objects.get(run=first, name="deploy"))
    _settle()
    assert jobs(first)["deploy"] == ("pending", None)
    assert sorted(runner.work_off()) == ["before", "deploy"]
    _settle()
    assert runner.work_off() == ["deploy"]
    assert state(first) == state(second) == ("completed", "success")


# --- calls ----------------------------------------------------------------------------------------

CALLS = """\
on: push
jobs:
  a:
    concurrency: {group: outer}
    uses: ./.github/workflows/called.yml
"""
CALLED = "on: workflow_call\nconcurrency: {group: inner}\njobs: {x: {runs-on: l}, y: {needs: x, runs-on: l}}\n"
FILES = {".github/workflows/called.yml": CALLED}


def test_a_call_holds_its_groups_until_all_of_it_is_over() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first, second = project.run(CALLS, files=FILES), project.run(CALLS, files=FILES)
    assert Place.objects.filter(state="holding").count() == 2
    assert jobs(first) == {"a / x": ("queued", None)}
    assert (jobs(second), state(second)) == ({}, ("pending", None))
    said = reasons.text(reasons.held([attempt(second)])[attempt(second).pk])
    assert said == "Waiting for the concurrency group “outer”: run 1 of .github/workflows/ci.yml has it."
    assert runner.work_off() == ["a / x", "a / y"]
    _settle()
    assert runner.work_off() == ["a / x", "a / y"]
    assert state(first) == state(second) == ("completed", "success")
    assert not Place.objects.exists()


def test_a_call_that_is_replaced_ends_with_all_its_jobs() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first = project.run(CALLS.replace("outer}", "outer, cancel-in-progress: true}"), files=FILES)
    work = runner.take()
    second = project.run(CALLS.replace("outer}", "outer, cancel-in-progress: true}"), files=FILES)
    work.finish("cancelled")
    assert state(first) == ("completed", "cancelled")
    assert jobs(first)["a / y"] == ("completed", "cancelled")
    _settle()
    assert runner.work_off() == ["a / x", "a / y"]
    assert state(second) == ("completed", "success")


def test_a_run_that_waits_for_itself_is_told_so() -> None:
    text = "on: push\nconcurrency: x\njobs: {a: {runs-on: l, concurrency: X}}\n"
    run = Project.new().run(text)
    _settle()
    assert state(run) == ("completed", "cancelled")
    reason = Job.objects.get(run=run).reason
    assert reason["code"] == "deadlock"
    assert reasons.text(reason) == (
        "Cancelled because it would wait forever: the concurrency group “x” is held by run 1 of"
        " .github/workflows/ci.yml, which waits for it."
    )


def test_two_runs_that_wait_for_each_other_are_told_so() -> None:
    text = "on: push\nconcurrency: {group: %s}\njobs: {a: {runs-on: l}, b: {needs: a, runs-on: l, concurrency: %s}}\n"
    project, runner = Project.new(), FakeRunner.new("l")
    first, second = project.run(text % ("x", "y")), project.run(text % ("y", "x"))
    assert runner.work_off() == ["a", "a"]
    for _ in range(4):
        _settle()
        runner.work_off()
    assert sorted([state(first)[1], state(second)[1]]) == ["cancelled", "success"]


# --- lost runners ---------------------------------------------------------------------------------


def _lost(project: Project, runner: FakeRunner) -> tuple[Run, Run, int]:
    """A run whose runner was lost in the middle of a step, one that waits for its group, and the lost job."""
    first = project.run(PLAIN)
    work = runner.take()
    work.step("in_progress")
    second = project.run(PLAIN)
    Claim.objects.filter(pk=work.claim.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    Beat.objects.update_or_create(name=leases.DOOR, defaults={"at": timezone.now()})
    assert leases.expire() == 1
    _settle()
    return first, second, work.claim.job_id


def test_the_group_of_a_lost_job_is_free_when_its_runner_has_given_up() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first, second, _ = _lost(project, runner)
    assert (state(first), state(second)) == (("completed", "failure"), ("pending", None))
    [place] = Place.objects.filter(run=first)
    assert place.state == Place.State.LEAVING
    assert place.release_at is not None
    left = (place.release_at - timezone.now()).total_seconds()
    assert settings.GUARDED_OFFLINE_LIMIT_SECONDS < left < settings.GUARDED_OFFLINE_LIMIT_SECONDS + 61
    assert "may still be running" in reasons.text(reasons.held([attempt(second)])[attempt(second).pk])
    Place.objects.filter(pk=place.pk).update(release_at=timezone.now())
    _settle()
    assert state(second) == ("queued", None)


def test_or_as_soon_as_the_runner_says_that_it_has_nothing_of_it() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    _, second, job = _lost(project, runner)
    places.heard(runner.row, [ActiveJob(job, 1)])
    _settle()
    assert state(second) == ("pending", None)
    places.heard(runner.row, [])
    _settle()
    assert state(second) == ("queued", None)


def test_a_job_that_never_started_is_not_waited_for() -> None:
    project, runner = Project.new(), FakeRunner.new("l")
    first = project.run(PLAIN)
    runner.take()
    second = project.run(PLAIN)
    cancel.force(project.account, first)
    _settle()
    assert state(second) == ("queued", None)


def test_a_guarded_job_may_not_go_on_unwatched_for_long() -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=2)
    project.run(PLAIN)
    Project.new().run(PLAIN.replace("concurrency: {group: Deploy}\n", ""))
    limits = [runner.take().assignment.offline_limit_seconds for _ in range(2)]
    assert limits == [settings.GUARDED_OFFLINE_LIMIT_SECONDS, settings.OFFLINE_LIMIT_SECONDS]


# --- races ----------------------------------------------------------------------------------------


def _in_threads(*calls: object) -> None:
    def one(call: object) -> None:
        try:
            call()  # type: ignore[operator]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(one, call) for call in calls]:
            done.result()


@pytest.mark.parametrize("seed", range(5))
def test_two_that_ask_at_once(seed: int) -> None:
    project, runner = Project.new(), FakeRunner.new("l", capacity=9)
    runs = [project.run(text) for text in (ALL, ALL, ALL)]
    group = Place.objects.values_list("group", flat=True).first()
    assert group is not None
    Place.objects.all().update(state="waiting")
    _in_threads(*[lambda: concurrency.settle(group)] * 4)
    assert Place.objects.filter(state="holding").count() == 1
    for _ in runs:
        runner.work_off()
        _in_threads(*[lambda: concurrency.settle(group)] * 2)
    assert [state(run) for run in runs] == [("completed", "success")] * 3
