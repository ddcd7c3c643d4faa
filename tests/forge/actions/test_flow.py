"""From push to verdict through the engine's verbs."""

from __future__ import annotations

import pytest

from forge.actions import cancel, dispatch, leases, reasons, rerun, trigger
from forge.actions.models import Event, Job, Run, RunEvent, Workflow
from forge.errors import Conflict, Forbidden, Invalid
from tests.engine import CI, FakeRunner, Project, attempt, jobs, state
from tests.forge.actions.texts import MATRIX, ONE, TWO

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_push_runs_to_success() -> None:
    run = Project.new().run(TWO)
    assert run.title == f"Build of main by {run.actor.login}"
    assert jobs(run)["build"] == ("queued", None)
    assert jobs(run)["never"] == ("completed", "skipped")
    runner = FakeRunner.new("ubuntu-latest")
    work = runner.take()
    assert state(run) == ("in_progress", None)
    assert work.assignment.contexts["github"]["run_number"] == "1"
    assert work.assignment.contexts["github"]["event"]["head_commit"]["message"] == "Change"
    work.finish(outputs={"answer": "42"})
    test = runner.take()
    assert test.assignment.contexts["needs"]["build"] == {"result": "success", "outputs": {"answer": "42"}}
    test.finish()
    assert state(run) == ("completed", "success")
    sequences = list(RunEvent.objects.filter(run=run).order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_failure_skips_what_needs_it() -> None:
    run = Project.new().run(TWO)
    work = FakeRunner.new("ubuntu-latest").take()
    work.step("in_progress")
    work.step("completed", "failure")
    work.finish("failure")
    assert state(run) == ("completed", "failure")
    assert jobs(run)["test"] == ("completed", "skipped")
    assert reasons.text(work.job.reason) == "The step “Step 2” failed."
    assert reasons.text(attempt(run).reason) == "Job build: The step “Step 2” failed."
    skipped = Job.objects.get(run=run, name="test")
    assert reasons.text(skipped.reason) == "Skipped because the job build that it needs ended as failure."


def test_expanding_twice_changes_nothing() -> None:
    event = Project.new().push({CI: ONE})
    (run,) = trigger.expand(event.pk)
    assert trigger.expand(event.pk) == []
    assert Run.objects.filter(event=event).count() == 1
    assert (run.run_number, run.run_index) == (1, 1)


def test_numbers_count_in_workflow_and_repository() -> None:
    project = Project.new()
    first = project.push({CI: ONE, ".github/workflows/other.yml": ONE})
    assert [(run.run_number, run.run_index) for run in trigger.expand(first.pk)] == [(1, 1), (1, 2)]
    again = project.run(ONE)
    assert (again.run_number, again.run_index) == (2, 3)


@pytest.mark.parametrize("mark", ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[Actions Skip]"])
def test_skip_marks(mark: str) -> None:
    event = Project.new().push({CI: ONE}, message=f"Change {mark}")
    assert trigger.expand(event.pk) == []
    event.refresh_from_db()
    assert event.state == Event.State.EXPANDED
    assert event.error


def test_the_other_folder_wins() -> None:
    event = Project.new().push({CI: ONE, ".shithub/workflows/ci.yml": TWO})
    assert [run.workflow.path for run in trigger.expand(event.pk)] == [".shithub/workflows/ci.yml"]


def test_a_broken_file_is_a_visible_startup_failure() -> None:
    run = Project.new().run("on: push\njobs:\n  build:\n    stepz: []\n    needs: nobody\n")
    assert state(run) == ("completed", "startup_failure")
    found = attempt(run).problems
    assert len(found) >= 3
    assert all(one["file"] == CI and one["line"] > 0 and one["column"] > 0 for one in found), found
    assert run.workflow_name == CI
    with pytest.raises(Forbidden):
        rerun.attempt(run.actor, run)
    with pytest.raises(Invalid):
        rerun.as_new_run(run.actor, run)


@pytest.mark.parametrize("data", [b"\x00", b"\xff\xfe\xff", b"a: &a [*a]", b"- 1", b"", b"on: push\n\tjobs: 1"])
def test_garbage_is_a_startup_failure_too(data: bytes) -> None:
    event = Project.new().push({CI: data})
    (run,) = trigger.expand(event.pk)
    assert state(run) == ("completed", "startup_failure")
    assert attempt(run).problems


def test_a_workflow_whose_file_is_gone_is_deleted_and_comes_back() -> None:
    project = Project.new()
    run = project.run(ONE)
    trigger.expand(project.push({"README": "x"}).pk)
    assert Workflow.objects.get(pk=run.workflow_id).state == "deleted"
    project.run(ONE)
    assert Workflow.objects.get(pk=run.workflow_id).state == "active"


def test_a_disabled_workflow_does_not_run() -> None:
    project = Project.new()
    run = project.run(ONE)
    Workflow.objects.update(state=Workflow.State.DISABLED_MANUALLY)
    assert trigger.expand(project.push({CI: ONE}).pk) == []
    with pytest.raises(Invalid):
        dispatch.dispatch(project.account, project.repository, Workflow.objects.get(pk=run.workflow_id), "main", {})


def test_max_parallel_holds_legs_back() -> None:
    run = Project.new().run(MATRIX)
    assert sorted(status for status, _ in jobs(run).values()) == ["pending", "queued", "queued"]
    held = Job.objects.get(run=run, status="pending")
    assert reasons.waiting(held) == {"code": "max_parallel"}
    assert FakeRunner.new("ubuntu-latest").work_off() == ["build (1)", "build (2)", "build (3)"]
    assert state(run) == ("completed", "success")


def test_fail_fast_cancels_the_others() -> None:
    run = Project.new().run(MATRIX)
    runner = FakeRunner.new("ubuntu-latest", capacity=2)
    first, second = runner.take(), runner.take()
    first.finish("failure")
    assert second.job.cancel_requested_at is not None
    assert leases.cancels(runner.row, [_active(second)])[0].force is False
    second.finish("cancelled")
    assert state(run) == ("completed", "failure")
    assert jobs(run)["build (3)"] == ("completed", "cancelled")
    assert reasons.text(attempt(run).reason) == ("Job build (1): Its runner ended it as failure and gave no reason.")
    assert reasons.text(second.job.reason) == "Cancelled because another job of its matrix failed."


def test_cancel_asks_the_runner_and_ends_the_rest() -> None:
    run = Project.new().run(TWO)
    work = FakeRunner.new("ubuntu-latest").take()
    work.step("in_progress")
    cancel.run(run.actor, run)
    assert state(run) == ("in_progress", None)
    assert leases.cancel_state(work.claim).cancelled
    work.finish("cancelled")
    assert state(run) == ("completed", "cancelled")
    assert reasons.text(work.job.reason) == f"Cancelled by {run.actor.login}."
    with pytest.raises(Conflict):
        cancel.run(run.actor, run)


def test_cancel_of_a_waiting_run_ends_at_once() -> None:
    run = Project.new().run(ONE)
    answer = cancel.job(run.actor, Job.objects.get(run=run))
    assert (answer.changed_jobs, answer.run_completed, answer.run_conclusion) == (1, True, "cancelled")
    assert reasons.text(attempt(run).reason) == f"Job build: Cancelled by {run.actor.login}."
    again = cancel.job(run.actor, Job.objects.get(run=run))
    assert (again.changed_jobs, again.run_completed, again.run_conclusion) == (0, True, "cancelled")


def test_force_cancel_needs_no_answer() -> None:
    run = Project.new().run(TWO)
    runner = FakeRunner.new("ubuntu-latest")
    work = runner.take()
    work.step("in_progress")
    cancel.force(run.actor, run)
    assert state(run) == ("completed", "cancelled")
    notice = leases.cancels(runner.row, [_active(work)])[0]
    assert (notice.force, notice.job) == (True, work.claim.job_id)
    assert runner.claim() is None


def test_rerun_of_failed_jobs_carries_the_others_over() -> None:
    run = Project.new().run(TWO)
    runner = FakeRunner.new("ubuntu-latest", repository=run.repository)
    runner.take().finish(outputs={"answer": "7"})
    runner.take().finish("failure")
    with pytest.raises(Forbidden):
        rerun.attempt(run.actor, Project.new().run(ONE))
    made = rerun.attempt(run.actor, run, "failed")
    assert (made.number, made.status) == (2, "in_progress")
    assert jobs(run)["build"] == ("completed", "success")
    work = runner.take()
    assert work.assignment.job_name == "test"
    assert work.assignment.contexts["needs"]["build"]["outputs"] == {"answer": "7"}
    assert work.assignment.contexts["github"]["run_attempt"] == "2"
    work.finish()
    assert state(run) == ("completed", "success")
    assert Job.objects.get(attempt=made, name="build").carries_id is not None


def test_rerun_of_one_leg_runs_that_leg_only() -> None:
    run = Project.new().run(MATRIX.replace("max-parallel: 2", "fail-fast: false"))
    runner = FakeRunner.new("ubuntu-latest")
    for conclusion in ("failure", "success", "failure"):
        runner.take().finish(conclusion)
    third = Job.objects.get(run=run, name="build (3)")
    rerun.attempt(run.actor, run, job=third)
    assert runner.work_off() == ["build (3)"]
    assert state(run) == ("completed", "failure")
    rerun.attempt(run.actor, run, "failed")
    assert runner.work_off() == ["build (1)"]
    assert state(run) == ("completed", "success")


def test_rerun_as_a_new_run() -> None:
    run = Project.new().run(TWO)
    with pytest.raises(Conflict):
        rerun.as_new_run(run.actor, run)
    FakeRunner.new("ubuntu-latest").work_off()
    made = rerun.as_new_run(run.actor, run)
    assert (made.parent_id, made.run_index, made.run_number, made.head_sha) == (run.pk, 2, 2, run.head_sha)
    assert made.event.payload == run.event.payload
    FakeRunner.new("ubuntu-latest").work_off()
    assert state(made) == ("completed", "success")


def test_a_waiting_job_says_what_it_waits_for() -> None:
    run = Project.new().run(ONE)
    job = Job.objects.get(run=run)
    assert reasons.text(reasons.waiting(job)) == "Waiting for a runner: no runner online has the label ubuntu-latest."
    runner = FakeRunner.new("UBUNTU-latest")
    runner.row.__class__.objects.update(last_seen_at=job.created_at)
    assert reasons.waiting(job)["code"] == "ready"
    other = Project.new().run(ONE)
    assert runner.claim() is not None
    assert reasons.waiting(Job.objects.get(pk=job.pk))["code"] == "starting"
    assert reasons.text(reasons.waiting(Job.objects.get(run=other))) == (
        "Waiting for a runner: the one with ubuntu-latest is busy."
    )


def _active(work):  # type: ignore[no-untyped-def]
    from workflows.messages import ActiveJob

    return ActiveJob(work.claim.job_id, work.claim.epoch)


def test_fifty_attempts_at_most() -> None:
    run = Project.new().run(ONE)
    FakeRunner.new("ubuntu-latest").work_off()
    before = attempt(run)
    before.number = rerun.MOST_ATTEMPTS
    before.save()
    with pytest.raises(Forbidden, match="50 attempts"):
        rerun.attempt(run.actor, run)
