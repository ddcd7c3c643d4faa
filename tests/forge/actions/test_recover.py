"""A runner that was restarted, or gave jobs up, says so: nobody waits for a lease, and no log is lost."""

from __future__ import annotations

import hashlib

import pytest
from django.db.models.functions import Now

from forge.actions import leases, log_pages, logs, reasons
from forge.actions.models import Claim, Job, JobLog
from tests.engine import FakeRunner, Project, state
from tests.forge.actions.test_leases import LONG, lapse, working
from tests.forge.actions.texts import ONE
from workflows.messages import LeftJob, RecoveredJob

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, REST = b"2026-01-15T12:00:01.0000000Z first\n", b"2026-01-15T12:00:02.0000000Z rest\n"


def left(claim: Claim, data: bytes) -> LeftJob:
    return LeftJob(claim.job_id, claim.epoch, len(data), hashlib.sha256(data).hexdigest())


def test_a_started_job_fails_at_once_and_its_log_is_completed() -> None:
    run, runner, work = working(started=True)
    work.log(FIRST)
    [answer] = leases.recover(runner.row, [left(work.claim, FIRST + REST)])
    token = work.assignment.lease_token
    assert answer == RecoveredJob(work.claim.job_id, work.claim.epoch, token, len(FIRST))
    assert state(run) == ("completed", "failure")
    assert work.job.reason["code"] == "runner_lost"
    assert reasons.text(work.job.reason).startswith(f"Runner {runner.row.name} gave this job up: it was restarted")
    assert Claim.objects.get().gone_at is not None
    assert work.log(REST + b"more than was said\n", len(FIRST)) == len(FIRST + REST)
    assert b"".join(logs.read(work.job)) == FIRST + REST
    assert log_pages.seal(work.claim.job_id)
    kept = JobLog.objects.get()
    assert (kept.damaged, kept.length) == (False, len(FIRST + REST))
    assert kept.sealed_at is not None


def test_a_job_that_was_not_started_is_queued_again_at_once() -> None:
    _, runner, work = working()
    assert leases.recover(runner.row, [left(work.claim, FIRST)]) == (RecoveredJob(work.claim.job_id, 1),)
    assert (work.job.status, work.job.free, work.job.lost_claims) == ("queued", True, 1)
    assert runner.take().claim.epoch == 2


def test_a_loss_that_was_noticed_before_still_takes_the_log() -> None:
    run, runner, work = working(started=True)
    lapse()
    leases.expire()
    said = work.job.reason
    [answer] = leases.recover(runner.row, [left(work.claim, FIRST)])
    assert (answer.lease_token, answer.log_length) == (work.assignment.lease_token, 0)
    assert (state(run), work.job.reason) == (("completed", "failure"), said)
    assert work.log(FIRST, 0) == len(FIRST)


def test_a_log_that_was_closed_takes_nothing_more() -> None:
    _, runner, work = working(started=True)
    work.log(FIRST)
    lapse()
    leases.expire()
    Job.objects.update(completed_at=Now() - LONG)
    assert log_pages.end_silent() == 1
    assert log_pages.seal(work.claim.job_id)
    [answer] = leases.recover(runner.row, [left(work.claim, FIRST + REST)])
    assert answer.lease_token is None


@pytest.mark.parametrize("length", [0, len(FIRST)])
def test_nothing_is_wanted_that_is_here(length: int) -> None:
    _, runner, work = working(started=True)
    work.log(FIRST)
    [answer] = leases.recover(runner.row, [left(work.claim, FIRST[:length])])
    assert answer.lease_token is None
    assert b"".join(logs.read(work.job)) == FIRST


def test_a_job_whose_end_was_reported_stays_as_it_is() -> None:
    run, runner, work = working(started=True)
    work.step("completed", "success")
    work.finish(log_length=0)
    [answer] = leases.recover(runner.row, [left(work.claim, FIRST)])
    assert answer.lease_token is None
    assert state(run) == ("completed", "success")
    assert b"".join(logs.read(work.job)) == b""


def test_another_runner_gives_up_nothing() -> None:
    run, _, work = working(started=True)
    stranger = FakeRunner.new("ubuntu-latest")
    assert leases.recover(stranger.row, [left(work.claim, FIRST)]) == (RecoveredJob(work.claim.job_id, 1),)
    assert state(run)[0] == "in_progress"


def test_an_ephemeral_runner_is_gone_after_its_job() -> None:
    _, runner, work = working(started=True)
    runner.row.ephemeral = True
    runner.row.save()
    assert leases.remove_used() == 0
    work.finish()
    assert leases.remove_used() == 0  # it is given time to go by itself
    Claim.objects.update(ended_at=Now() - LONG)
    assert leases.remove_used() == 1
    runner.row.refresh_from_db()
    assert runner.row.removed_at is not None
    assert Project.new().run(ONE).pk
    assert runner.claim() is None
