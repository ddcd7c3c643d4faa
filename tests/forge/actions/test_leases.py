"""Who loses what when they vanish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from forge.actions import cancel, discard, leases, reasons, report
from forge.actions.models import Beat, Claim, Job, Run, Step
from forge.actions.refusals import LeaseLost
from forge.runners import registration
from tests.engine import FakeRunner, Project, Work, state
from tests.forge.actions.texts import ONE
from workflows.messages import ActiveJob, JobReport

pytestmark = pytest.mark.django_db(transaction=True)
LONG = timedelta(hours=1)


def working(*, started: bool = False) -> tuple[Run, FakeRunner, Work]:
    """A run whose one job is held, the door open."""
    leases.beat()
    run = Project.new().run(ONE)
    runner = FakeRunner.new("ubuntu-latest", repository=run.repository)
    work = runner.take()
    if started:
        work.step("in_progress")
    return run, runner, work


def lapse() -> None:
    """Every lease runs out."""
    Claim.objects.update(lease_expires_at=Now() - timedelta(seconds=1))


def test_lost_before_the_start_is_queued_again_three_times() -> None:
    run, runner, work = working()
    for number in range(3):
        if number:
            work = runner.take()
        lapse()
        assert leases.expire() == 1
        job = work.job
        assert (job.status, job.free, job.lost_claims) == ("queued", True, number + 1)
        with pytest.raises(LeaseLost):
            work.finish()
    work = runner.take()
    assert work.claim.epoch == 4
    lapse()
    leases.expire()
    assert state(run) == ("completed", "failure")
    assert work.job.reason["code"] == "runner_lost"


def test_lost_after_the_start_is_a_failure_that_says_why() -> None:
    run, runner, work = working(started=True)
    lapse()
    leases.expire()
    assert state(run) == ("completed", "failure")
    assert reasons.text(work.job.reason).startswith(f"Runner {runner.row.name} was lost; it was last heard from at ")
    assert Step.objects.get(job=work.job).conclusion == "failure"
    with pytest.raises(LeaseLost):
        work.step("completed", "success")


def test_lost_with_a_cancel_requested_is_cancelled() -> None:
    run, _, work = working()
    Job.objects.filter(pk=work.job.pk).update(cancel_requested_at=Now(), cancel_reason={"code": "cancelled"})
    lapse()
    leases.expire()
    assert state(run) == ("completed", "cancelled")


def test_a_heartbeat_renews_and_tells_of_cancels() -> None:
    run, runner, work = working(started=True)
    lapse()
    active = [ActiveJob(work.claim.job_id, work.claim.epoch), ActiveJob(work.claim.job_id, 99)]
    held, stale = leases.heartbeat(runner.row, active)
    assert (held.held, held.cancelled, stale.held) == (True, False, False)
    assert leases.expire() == 0
    cancel.run(run.actor, run)
    assert leases.heartbeat(runner.row, active)[0].cancelled


def test_another_runner_renews_nothing() -> None:
    _, _, work = working(started=True)
    stranger = FakeRunner.new("ubuntu-latest")
    assert not leases.heartbeat(stranger.row, [ActiveJob(work.claim.job_id, work.claim.epoch)])[0].held


def test_an_outage_of_the_door_kills_no_job() -> None:
    _, _, work = working(started=True)
    Beat.objects.update(at=F("at") - LONG)
    Claim.objects.update(lease_expires_at=F("lease_expires_at") - LONG)
    assert leases.expire() == 0  # nobody could have renewed
    leases.beat()
    assert leases.expire() == 0  # a full term from now on
    assert Claim.objects.filter(pk=work.claim.pk, lease_expires_at__gt=Now() + timedelta(seconds=30)).exists()


def test_a_removed_runner_loses_its_jobs_at_once() -> None:
    run, runner, work = working(started=True)
    assert registration.remove(runner.row)
    assert leases.release(runner.row.pk) == 1
    assert state(run) == ("completed", "failure")
    assert "was removed" in reasons.text(work.job.reason)


def test_a_cancel_that_nobody_answers_ends() -> None:
    run, _, work = working(started=True)
    cancel.run(run.actor, run)
    assert leases.end_overdue() == 0
    Job.objects.update(cancel_requested_at=Now() - timedelta(minutes=6))
    assert leases.end_overdue() == 1
    assert state(run) == ("completed", "cancelled")
    assert "did not answer" in reasons.text(work.job.reason)


def test_a_cancel_has_the_time_that_the_job_asks_for() -> None:
    run, _, work = working(started=True)
    cancel.run(run.actor, run)
    Job.objects.update(cancel_requested_at=Now() - timedelta(minutes=19), cancel_timeout_minutes=20)
    assert leases.end_overdue() == 0
    Job.objects.update(cancel_timeout_minutes=18)
    assert leases.end_overdue() == 1
    assert state(run) == ("completed", "cancelled")
    assert work.job.reason["unanswered"]


def test_a_job_past_its_timeout_ends() -> None:
    run, _, work = working(started=True)
    Job.objects.update(started_at=Now() - timedelta(minutes=364))
    assert leases.end_overdue() == 0
    Job.objects.update(started_at=Now() - timedelta(minutes=366))
    assert leases.end_overdue() == 1
    assert state(run) == ("completed", "failure")
    assert work.job.conclusion == "timed_out"
    assert reasons.text(work.job.reason) == "The job ran longer than its 360 minutes."


def test_a_report_of_another_epoch_is_refused() -> None:
    _, _, work = working()
    with pytest.raises(LeaseLost):
        report.acknowledge(work.claim, JobReport(work.claim.epoch + 1, "in_progress"))


def test_a_report_of_a_run_that_was_thrown_away_is_refused() -> None:
    run, _, work = working(started=True)
    work.finish()
    discard.run(run)
    for verb, status in ((report.acknowledge, "in_progress"), (report.finish, "completed")):
        with pytest.raises(LeaseLost):
            verb(work.claim, JobReport(work.claim.epoch, status, "success" if status == "completed" else None))


def test_a_requeued_job_begins_a_new_log() -> None:
    _, runner, work = working()
    work.log(b"old words\n")
    lapse()
    leases.expire()
    again = runner.take()
    assert again.log(b"new\n", 0) == 4
    with pytest.raises(LeaseLost):
        work.log(b"late", 10)
