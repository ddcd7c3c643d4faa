"""Rows that break one rule each: what to do by hand to a scene of which every rule is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from forge.actions import leases, rerun
from forge.actions.models import (
    Claim,
    Event,
    Job,
    JobLog,
    JobNode,
    Run,
    RunAttempt,
    RunEvent,
    Schedule,
    Step,
    Workflow,
)
from forge.repos.models import Push, Repository
from tests import factories
from tests.engine import FakeRunner, Project, Work, attempt

TEXT = """
on: push
jobs:
  a:
    runs-on: x
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix: {n: [1, 2, 3]}
    steps: [{run: "true"}]
  b:
    needs: a
    runs-on: x
    steps: [{run: "true"}]
"""
HOUR = timedelta(hours=1)


@dataclass
class Scene:
    """A run whose first attempt succeeded and whose second goes on: of the second, leg 1 of ``a`` is in progress with
    a step and a log, leg 2 is queued, leg 3 pending, and ``b`` is not decided yet."""

    project: Project
    run: Run
    first: RunAttempt
    second: RunAttempt
    runner: FakeRunner
    work: Work

    @classmethod
    def new(cls) -> Scene:
        """Made by the engine's own verbs."""
        leases.beat()
        project = Project.new()
        run = project.run(TEXT)
        runner = FakeRunner.new("x", repository=run.repository)
        runner.work_off()
        first = attempt(run)
        rerun.attempt(None, run)
        work = runner.take()
        work.step("in_progress")
        work.log(b"2026-01-15T12:00:00.0000000Z hello\n")
        return cls(project, run, first, attempt(run), runner, work)

    def node(self, of: RunAttempt, key: str) -> JobNode:
        """A job key of one attempt."""
        return JobNode.objects.get(attempt=of, key=key)

    def b(self) -> Job:
        """The last job of the first attempt, which is over."""
        return Job.objects.get(attempt=self.first, name="b")

    def leg(self, number: int) -> Job:
        """A leg of ``a`` in the second attempt, from 1."""
        return Job.objects.get(attempt=self.second, leg=number - 1)

    def of(self, name: str) -> str:
        """``scope`` as the reconciler writes it."""
        return f"run:{self.run.pk}" if name == "run" else f"repository:{self.run.repository_id}"


def change(row: object, **values: object) -> None:
    """Write these columns of one row."""
    type(row).objects.filter(pk=row.pk).update(**values)  # type: ignore[attr-defined]


@contextmanager
def without(table: str, constraint: str) -> Iterator[None]:
    """Until the test's transaction ends, this constraint does not hold."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        try:
            yield
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")


def without_index(name: str) -> None:
    """Until the test's transaction ends, there is no such index."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"DROP INDEX {name}")


def roll_up(scene: Scene) -> str:
    change(scene.first, conclusion="failure", reason={"code": "jobs_failed"})
    return f"attempt:{scene.first.pk}"


def roll_up_of_an_open_one(scene: Scene) -> str:
    change(scene.second, status="queued")
    return f"attempt:{scene.second.pk}"


def moves_due(scene: Scene) -> str:
    change(scene.node(scene.second, "a"), max_parallel=3)
    return f"attempt:{scene.second.pk}"


def latest_attempt(scene: Scene) -> str:
    change(scene.run, latest_attempt=scene.first)
    return scene.of("run")


def no_latest(scene: Scene) -> str:
    change(scene.second, latest=False)
    return scene.of("run")


def two_latest(scene: Scene) -> str:
    without_index("attempt_latest")
    change(scene.first, latest=True)
    return scene.of("run")


def older_open(scene: Scene) -> str:
    change(scene.b(), status="queued", conclusion=None, completed_at=None, free=True)
    change(scene.first, status="in_progress", conclusion=None, completed_at=None)
    return f"attempt:{scene.first.pk}"


def open_jobs(scene: Scene) -> str:
    change(scene.b(), status="queued", conclusion=None, completed_at=None, free=True)
    return f"job:{scene.b().pk}"


def nodes_left(scene: Scene) -> str:
    scene.b().delete()
    node = scene.node(scene.first, "b")
    change(node, expanded=False)
    return f"node:{node.pk}"


def attempt_conclusion(scene: Scene) -> str:
    with without("actions_runattempt", "attempt_concluded"):
        change(scene.first, conclusion=None, reason={"code": "jobs_failed"})
    return f"attempt:{scene.first.pk}"


def attempt_times(scene: Scene) -> str:
    change(scene.first, completed_at=None)
    return f"attempt:{scene.first.pk}"


def attempt_reason(scene: Scene) -> str:
    change(scene.b(), conclusion="failure", reason={"code": "step_failed"})
    change(scene.first, conclusion="failure", reason={})
    return f"attempt:{scene.first.pk}"


def run_events_gap(scene: Scene) -> str:
    RunEvent.objects.filter(run=scene.run, sequence=3).delete()
    return scene.of("run")


def run_events_counter(scene: Scene) -> str:
    change(scene.run, last_event=F("last_event") + 1)
    return scene.of("run")


def node_without_jobs(scene: Scene) -> str:
    scene.b().delete()
    return f"node:{scene.node(scene.first, 'b').pk}"


def _early(scene: Scene) -> JobNode:
    node = scene.node(scene.second, "b")
    labels = scene.leg(2).label_set
    of_run = {"repository": scene.run.repository, "owner": scene.project.account, "run": scene.run}
    Job.objects.create(node=node, attempt=scene.second, name="b", label_set=labels, status="queued", **of_run)
    return node


def jobs_without_node(scene: Scene) -> str:
    return f"node:{_early(scene).pk}"


def needs_open(scene: Scene) -> str:
    node = _early(scene)
    change(node, expanded=True)
    return f"node:{node.pk}"


def max_parallel(scene: Scene) -> str:
    change(scene.leg(3), status="queued")
    return f"node:{scene.node(scene.second, 'a').pk}"


def job_conclusion(scene: Scene) -> str:
    job = scene.b()
    with without("actions_job", "job_concluded"):
        change(job, conclusion=None, reason={"code": "message"})
    return f"job:{job.pk}"


def step_conclusion(scene: Scene) -> str:
    step = Step.objects.filter(job=scene.b()).get()
    with without("actions_step", "step_concluded"):
        change(step, conclusion=None)
    return f"step:{step.pk}"


def open_steps(scene: Scene) -> str:
    step = Step.objects.filter(job=scene.b()).get()
    change(step, status="in_progress", conclusion=None)
    return f"step:{step.pk}"


def job_times(scene: Scene) -> str:
    change(scene.b(), completed_at=None)
    return f"job:{scene.b().pk}"


def job_without_start(scene: Scene) -> str:
    change(scene.leg(1), started_at=None)
    return f"job:{scene.leg(1).pk}"


def job_reason(scene: Scene) -> str:
    change(scene.b(), conclusion="skipped", reason={})
    return f"job:{scene.b().pk}"


def job_belongs(scene: Scene) -> str:
    change(scene.b(), repository=factories.repository())
    return f"job:{scene.b().pk}"


def labels(scene: Scene) -> str:
    change(scene.leg(2), label_set=None)
    return f"job:{scene.leg(2).pk}"


def not_free(scene: Scene) -> str:
    change(scene.leg(2), free=False)
    return f"job:{scene.leg(2).pk}"


def free_while_held(scene: Scene) -> str:
    change(scene.leg(1), free=True)
    return f"job:{scene.leg(1).pk}"


def claim_of_ended_job(scene: Scene) -> str:
    Claim.objects.filter(job=scene.b()).update(ended_at=None)
    return f"job:{scene.b().pk}"


def unheld(scene: Scene) -> str:
    change(scene.work.claim, ended_at=Now())
    return f"job:{scene.leg(1).pk}"


def claim_of_another_runner(scene: Scene) -> str:
    change(scene.work.claim, runner=factories.runner())
    return f"job:{scene.leg(1).pk}"


def claim_of_an_old_epoch(scene: Scene) -> str:
    change(scene.leg(1), epoch=2)
    return f"job:{scene.leg(1).pk}"


def two_claims(scene: Scene) -> str:
    without_index("claim_one_live")
    change(scene.leg(1), epoch=2)
    change(scene.work.claim, started_at=None)
    change(scene.work.claim, epoch=2)
    old = {"request_key": "old", "lease_expires_at": Now() + HOUR}
    Claim.objects.create(job=scene.leg(1), epoch=1, runner=scene.runner.row, **old)
    return f"job:{scene.leg(1).pk}"


def started_once(scene: Scene) -> str:
    old = {"request_key": "old", "lease_expires_at": Now(), "started_at": Now(), "ended_at": Now()}
    Claim.objects.create(job=scene.leg(1), epoch=0, runner=scene.runner.row, **old)
    return f"job:{scene.leg(1).pk}"


def acknowledged(scene: Scene) -> str:
    change(scene.leg(1), status="queued", started_at=None)
    change(scene.second, status="queued")
    return f"job:{scene.leg(1).pk}"


def lease_overdue(scene: Scene) -> str:
    change(scene.work.claim, lease_expires_at=Now() - HOUR)
    return f"job:{scene.leg(1).pk}"


def endless(scene: Scene) -> str:
    change(scene.leg(1), started_at=Now() - 7 * HOUR)
    return f"job:{scene.leg(1).pk}"


def cancel_unanswered(scene: Scene) -> str:
    change(scene.leg(1), cancel_requested_at=Now() - HOUR)
    return f"job:{scene.leg(1).pk}"


def carried(scene: Scene) -> str:
    change(scene.b(), carries=Job.objects.filter(attempt=scene.first).first(), conclusion="neutral")
    return f"job:{scene.b().pk}"


def log_length(scene: Scene) -> str:
    JobLog.objects.filter(job=scene.leg(1)).update(length=F("length") + 5)
    return f"log:{scene.leg(1).pk}"


def log_pages(scene: Scene) -> str:
    JobLog.objects.filter(job=scene.leg(1)).update(sealed_length=5)
    return f"log:{scene.leg(1).pk}"


def log_of_no_claim(scene: Scene) -> str:
    JobLog.objects.create(job=scene.leg(2), epoch=1)
    return f"log:{scene.leg(2).pk}"


def run_count_of_workflow(scene: Scene) -> str:
    change(scene.run.workflow, run_count=2)
    return f"workflow:{scene.run.workflow_id}"


def run_number(scene: Scene) -> str:
    Workflow.objects.filter(pk=scene.run.workflow_id).update(last_run_number=0)
    return f"workflow:{scene.run.workflow_id}"


def run_count_of_repository(scene: Scene) -> str:
    change(scene.run.repository, run_count=0)
    return scene.of("repository")


def run_index(scene: Scene) -> str:
    Repository.objects.filter(pk=scene.run.repository_id).update(last_run_index=0)
    return scene.of("repository")


def event_overdue(scene: Scene) -> str:
    change(scene.run.event, state=Event.State.PENDING, next_try_at=Now() - HOUR)
    return f"event:{scene.run.event_id}"


def push_overdue(scene: Scene) -> str:
    push = Push.objects.create(repository=scene.run.repository, commands=[], alive_at=Now() - HOUR)
    return f"push:{push.pk}"


def schedule_overdue(scene: Scene) -> str:
    line = Schedule.objects.create(
        repository=scene.run.repository,
        workflow=scene.run.workflow,
        cron="0 0 * * *",
        zone="UTC",
        next_due=Now() - HOUR,
    )
    return f"schedule:{line.pk}"


def waiting(scene: Scene) -> str:
    job = scene.leg(3)
    change(job, status="waiting")
    return f"job:{job.pk}"


Break = Callable[[Scene], str]

#: What to do, and the rule that is broken by it; the object is what the function answers.
CASES: tuple[tuple[Break, str], ...] = (
    (roll_up, "roll_up"),
    (roll_up_of_an_open_one, "roll_up"),
    (moves_due, "moves_due"),
    (latest_attempt, "latest_attempt"),
    (no_latest, "one_latest"),
    (two_latest, "one_latest"),
    (older_open, "older_open"),
    (open_jobs, "open_jobs"),
    (nodes_left, "nodes_left"),
    (attempt_conclusion, "attempt_conclusion"),
    (attempt_times, "attempt_times"),
    (attempt_reason, "attempt_reason"),
    (run_events_gap, "run_events"),
    (run_events_counter, "run_events"),
    (node_without_jobs, "node_without_jobs"),
    (jobs_without_node, "jobs_without_node"),
    (needs_open, "needs_open"),
    (max_parallel, "max_parallel"),
    (job_conclusion, "job_conclusion"),
    (step_conclusion, "step_conclusion"),
    (open_steps, "open_steps"),
    (job_times, "job_times"),
    (job_without_start, "job_times"),
    (job_reason, "job_reason"),
    (job_belongs, "job_belongs"),
    (labels, "labels"),
    (not_free, "free"),
    (free_while_held, "free"),
    (claim_of_ended_job, "claim_of_ended_job"),
    (unheld, "unheld"),
    (claim_of_another_runner, "one_claim"),
    (claim_of_an_old_epoch, "one_claim"),
    (two_claims, "one_claim"),
    (started_once, "started_once"),
    (acknowledged, "acknowledged"),
    (lease_overdue, "lease_overdue"),
    (endless, "endless"),
    (cancel_unanswered, "endless"),
    (carried, "carried"),
    (log_length, "log_length"),
    (log_pages, "log_length"),
    (log_of_no_claim, "log_length"),
    (run_count_of_workflow, "workflow_counters"),
    (run_number, "workflow_counters"),
    (run_count_of_repository, "repository_counters"),
    (run_index, "repository_counters"),
    (event_overdue, "event_overdue"),
    (schedule_overdue, "schedule_overdue"),
    (push_overdue, "push_overdue"),
    (waiting, "waiting"),
)
#: An attempt that is over too early, or without its word, does not show what its jobs come to either.
ALSO: dict[str, set[str]] = {
    "open_jobs": {"roll_up"},
    "nodes_left": {"roll_up"},
    "attempt_conclusion": {"roll_up"},
}
