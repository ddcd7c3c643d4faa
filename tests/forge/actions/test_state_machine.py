"""Random legal and illegal calls: a run's status always equals the roll-up of its jobs."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forge.actions import assignment, cancel, leases, rerun, snapshots, transitions
from forge.actions.models import Claim, Job, Run, RunAttempt, RunEvent
from forge.errors import ForgeError
from tests.engine import FakeRunner, Project, Work, attempt
from workflows import decide
from workflows.states import Conclusion

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = """
on: push
jobs:
  a:
    runs-on: x
    strategy:
      max-parallel: 2
      matrix: {n: [1, 2, 3]}
    steps: [{run: "true"}]
  b:
    runs-on: x
    continue-on-error: true
    steps: [{run: "true"}]
  c:
    needs: [a, b]
    runs-on: x
    steps: [{run: "true"}]
  d:
    needs: a
    if: always()
    runs-on: x
    steps: [{run: "true"}]
"""
ENDS = st.sampled_from(["success", "failure", "cancelled", "timed_out"])
PICK = st.integers(0, 20)


class Machine(RuleBasedStateMachine):
    """One run, one runner with room, and everything that people, runners and sweeps may do to it."""

    def __init__(self) -> None:
        super().__init__()
        leases.beat()
        self.run: Run = Project.new().run(TEXT)
        self.runner = FakeRunner.new("x", capacity=10, repository=self.run.repository)
        self.works: list[Work] = []
        self.ended: dict[int, tuple[str, Any]] = {}

    def _try(self, verb: Any, *args: Any, **options: Any) -> Any:
        """Refusals are legal answers; anything else is a failure of the test."""
        try:
            return verb(*args, **options)
        except ForgeError:
            return None

    def _work(self, pick: int) -> Work | None:
        return self.works[pick % len(self.works)] if self.works else None

    @rule()
    def take(self) -> None:
        if Job.objects.filter(run=self.run, status="queued", free=True).exists():
            claimed = self.runner.claim()
            if claimed is not None:
                self.works.append(Work(claimed, assignment.build(claimed)))

    @rule(pick=PICK, status=st.sampled_from(["in_progress", "completed"]), number=st.integers(1, 3))
    def step(self, pick: int, status: str, number: int) -> None:
        if work := self._work(pick):
            self._try(work.step, status, "success" if status == "completed" else None, number)

    @rule(pick=PICK, conclusion=ENDS)
    def finish(self, pick: int, conclusion: str) -> None:
        if work := self._work(pick):
            self._try(work.finish, conclusion)

    @rule(pick=PICK)
    def lose(self, pick: int) -> None:
        if work := self._work(pick):
            Claim.objects.filter(pk=work.claim.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
            leases.expire()

    @rule(pick=PICK)
    def cancel_job(self, pick: int) -> None:
        jobs = list(Job.objects.filter(run=self.run))
        self._try(cancel.job, None, jobs[pick % len(jobs)])

    @rule()
    def cancel_run(self) -> None:
        self._try(cancel.run, None, self.run)

    @rule()
    def force_cancel(self) -> None:
        self._try(cancel.force, None, self.run)

    @rule(scope=st.sampled_from(["all", "failed"]))
    def again(self, scope: Any) -> None:
        self._try(rerun.attempt, None, self.run, scope)

    @rule(pick=PICK)
    def again_one(self, pick: int) -> None:
        jobs = list(Job.objects.filter(run=self.run))
        self._try(rerun.attempt, None, self.run, job=jobs[pick % len(jobs)])

    @invariant()
    def the_status_is_the_roll_up(self) -> None:
        run = Run.objects.select_related("workflow", "source", "event", "latest_attempt__triggering_actor").get(
            pk=self.run.pk
        )
        now = attempt(self.run)
        assert run.latest_attempt_id == now.pk
        taken = snapshots.take(run, now)
        assert taken is not None
        assert (now.status, now.conclusion) == decide.roll_up(taken)
        assert decide.decide(taken) == (), "there was more to do"

    @invariant()
    def nothing_leaves_completed(self) -> None:
        for job in Job.objects.filter(run=self.run):
            if job.pk in self.ended:
                assert self.ended[job.pk] == (job.status, job.conclusion)
            elif job.status == "completed":
                self.ended[job.pk] = (job.status, job.conclusion)
        for old in RunAttempt.objects.filter(run=self.run, latest=False):
            assert old.status == "completed"

    @invariant()
    def a_live_claim_holds_an_open_job(self) -> None:
        for claim in Claim.objects.filter(ended_at=None, job__run=self.run).select_related("job"):
            assert claim.job.status != "completed"
            assert claim.epoch == claim.job.epoch
            assert not claim.job.free

    @invariant()
    def events_are_numbered_without_a_gap(self) -> None:
        numbers = RunEvent.objects.filter(run=self.run).order_by("sequence").values_list("sequence", flat=True)
        assert all(number == expected for number, expected in zip(numbers, itertools.count(1), strict=False))


def run_machine(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )


def test_random_calls_keep_every_rule() -> None:
    run_machine(12, 25)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_random_calls_keep_every_rule() -> None:
    run_machine(400, 50)


def test_only_legal_moves_are_written() -> None:
    run = Project.new().run(TEXT)
    job = Job.objects.filter(run=run, status="queued").first()
    assert job is not None
    assert transitions.complete(job, Conclusion.SUCCESS)
    assert not transitions.complete(job, Conclusion.FAILURE)
    assert not transitions.start(job)
    assert not transitions.queue(run, [job.pk])
    assert not transitions.requeue(job)
