"""A repository, its runners, and everything that people, runners, clocks and lost messages may do to its runs.

Each deed is a method of three numbers, by which it picks what it is done to, so that a list of deeds can be done again
in another world, whole or in part. What the engine refuses (a ``ForgeError``) is a legal answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models.functions import Now

from forge.accounts.actor import Actor
from forge.actions import (
    advance,
    assignment,
    cancel,
    claim,
    concurrency,
    deletion,
    discard,
    dispatch,
    leases,
    logs,
    places,
    rerun,
    switch,
    tasks,
    trigger,
)
from forge.actions import report as reports
from forge.actions.models import Beat, Claim, Event, Job, Place, Run, RunAttempt, Workflow
from forge.errors import ForgeError
from forge.repos import repositories
from forge.repos.models import Repository
from forge.runners import registration
from tests.engine import FakeRunner, Project
from tests.forge.actions.machine.files import PUSHES
from workflows.messages import ActiveJob, JobReport, StepReport, StepsReport

BRANCHES = ("main", "dev", "release")
ENDS = ("success", "success", "failure", "cancelled", "timed_out", "skipped")
#: With so many runs open nothing new begins, and an old run is repeated so often: steps stay cheap.
MOST_OPEN, MOST_RUNS, MOST_ATTEMPTS = 5, 9, 5
SECOND = timedelta(seconds=1)

Thing = TypeVar("Thing")


@dataclass
class World:
    """What there is, and what the runners of it know."""

    project: Project = field(default_factory=Project.new)
    runners: list[FakeRunner] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    #: Polls of which a runner never heard the answer.
    unheard: list[tuple[FakeRunner, str, int]] = field(default_factory=list)
    nudges: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    said: dict[int, JobReport] = field(default_factory=dict)
    #: Job and epoch of every claim whose first step the server let begin.
    started: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        leases.beat()
        for labels, capacity in ((("x",), 4), (("x", "y"), 3)):
            self._register(labels, capacity)

    @property
    def repository(self) -> Repository:
        """The one that everything happens in."""
        return self.project.repository

    def nudge(self, task: str, args: tuple[object, ...]) -> None:
        """What would go to the workers; it is delivered late, or never."""
        self.nudges.append((task, args))

    def do(self, name: str, picks: Sequence[int]) -> bool:
        """One deed; False when the engine refused it."""
        try:
            getattr(self, name)(*picks)
        except ForgeError:
            return False
        return True

    # --- people ------------------------------------------------------------------------------------

    def push(self, a: int, b: int, c: int) -> None:
        if self._crowded():
            return
        message = '{"n": [1, 2]}' if c % 2 else "no matrix"
        branch = BRANCHES[b % len(BRANCHES)]
        event = self.project.push(PUSHES[a % len(PUSHES)], message=message, ref=f"refs/heads/{branch}")
        if c % 3:
            trigger.expand(event.pk)  # else its nudge, or the sweep

    def expand_again(self, a: int, b: int, c: int) -> None:
        event = _pick(Event.objects.filter(repository=self.repository), a)
        if event is not None and not (event.state == Event.State.PENDING and self._crowded()):
            trigger.expand(event.pk)

    def dispatch(self, a: int, b: int, c: int) -> None:
        workflow = _pick(Workflow.objects.filter(repository=self.repository), a)
        if workflow is not None and not self._crowded():
            dispatch.dispatch(self.project.account, self.repository, workflow, BRANCHES[b % len(BRANCHES)], {})

    def cancel_run(self, a: int, b: int, c: int) -> None:
        if run := self._run(a, b):
            cancel.run(self.project.account, run)

    def force_cancel(self, a: int, b: int, c: int) -> None:
        if run := self._run(a, b):
            cancel.force(None, run)

    def cancel_job(self, a: int, b: int, c: int) -> None:
        if job := self._job(a, b):
            cancel.job(self.project.account, job)

    def run_again(self, a: int, b: int, c: int) -> None:
        run = self._run(a, c)
        if run is not None and self._repeatable(run):
            rerun.attempt(self.project.account, run, "failed" if b % 2 else "all", debug=bool(c % 2))

    def job_again(self, a: int, b: int, c: int) -> None:
        job = self._job(a, c)
        if job is not None and self._repeatable(job.run):
            rerun.attempt(self.project.account, job.run, job=job)

    def new_run(self, a: int, b: int, c: int) -> None:
        run = self._run(a, c)
        if run is not None and not self._crowded():
            rerun.as_new_run(self.project.account, run)

    def discard(self, a: int, b: int, c: int) -> None:
        if run := self._run(a, 1):
            discard.logs(run) if b % 2 else discard.run(run)

    def switch(self, a: int, b: int, c: int) -> None:
        if workflow := _pick(Workflow.objects.filter(repository=self.repository), a):
            switch.disable(workflow) if b % 4 == 0 else switch.enable(workflow)

    # --- runners -----------------------------------------------------------------------------------

    def take(self, a: int, b: int, c: int) -> None:
        """A poll; its answer may get lost on the way."""
        runner, key = self._runner(a), f"{b}-{len(self.claims)}-{len(self.unheard)}"
        found = claim.next_job(runner.row, key)
        if found is None:
            return
        assert found.job_id not in self.started, f"job {found.job_id} is handed out again after a step has started"
        if c % 5 == 0:
            self.unheard.append((runner, key, found.pk))
        else:
            self._hear(found)

    def ask_again(self, a: int, b: int, c: int) -> None:
        """The same poll again: the same claim, or none any more. One whose run was deleted was never given."""
        if not self.unheard:
            return
        runner, key, known = self.unheard[a % len(self.unheard)]
        is_kept = Claim.objects.filter(pk=known).exists()
        found = claim.next_job(runner.row, key)
        assert found is None or found.pk == known or not is_kept, f"another claim ({found}) of the same poll"
        if found is not None:
            assert found.job_id not in self.started, f"job {found.job_id} is handed out again after a step has started"
            self.unheard.remove((runner, key, known))
            self._hear(found)

    def acknowledge(self, a: int, b: int, c: int) -> None:
        if found := self._claim(a, b):
            reports.acknowledge(found, JobReport(found.epoch, "in_progress"))

    def step(self, a: int, b: int, c: int) -> None:
        """A step's state, in any order; now and then of a step or a word that there is not."""
        found = self._claim(a, b)
        if found is None:
            return
        status = ("in_progress", "completed", "queued", "in_progress", "waiting")[c % 5]
        conclusion = ENDS[b % len(ENDS)] if status == "completed" else None
        number = 9999 if b % 31 == 0 else 1 + b % 4
        said = StepReport(number, f"Step {number}", status, conclusion=conclusion, outcome=conclusion)
        reports.steps(found, StepsReport(found.epoch, (said,)))
        if status != "queued":
            self.started[found.job_id] = found.epoch

    def finish(self, a: int, b: int, c: int) -> None:
        """The last word of a runner; of one that has said it already, the same again or another."""
        found = self._claim(a, c)
        if found is None:
            return
        fresh = JobReport(found.epoch, "completed", ENDS[b % len(ENDS)], outputs={"n": str(b)}, log_length=c % 40)
        said = self.said.get(found.pk, fresh) if c % 2 else fresh
        reports.finish(found, said)
        self.said.setdefault(found.pk, said)

    def stale(self, a: int, b: int, c: int) -> None:
        """A word for another epoch than the claim's."""
        if found := self._claim(a, 1):
            verb = (reports.acknowledge, reports.finish)[b % 2]
            words = ("in_progress", None) if b % 2 == 0 else ("completed", "success")
            refused = not self._heard(verb, found, JobReport(found.epoch + (1 if c % 2 else -1), *words))
            assert refused, f"a report of a wrong epoch counted for job {found.job_id}"

    def log(self, a: int, b: int, c: int) -> None:
        found = self._claim(a, b)
        job = Job.objects.filter(pk=found.job_id).first() if found else None
        if found is not None and job is not None:  # the door knows no claim of a run that was thrown away
            size = logs.size(job)
            logs.append(
                found, max(0, size + (0, 0, 0, -3, 5)[c % 5]), b"2026-01-15T12:00:00.0000000Z line\n"[: 1 + b % 40]
            )

    def heartbeat(self, a: int, b: int, c: int) -> None:
        runner = self._runner(a)
        active = [ActiveJob(one.job_id, one.epoch) for one in self.claims if one.runner_id == runner.row.pk]
        leases.heartbeat(runner.row, active)
        leases.cancels(runner.row, active)

    def nothing_left(self, a: int, b: int, c: int) -> None:
        """A runner says that it works on nothing (any more): groups need not wait for what it lost."""
        runner = self._runner(a)
        live = Claim.objects.filter(runner=runner.row, ended_at=None)
        places.heard(runner.row, [ActiveJob(one.job_id, one.epoch) for one in live])

    def lose(self, a: int, b: int, c: int) -> None:
        """A lease runs out, or two."""
        leases.beat()
        for pick in (a, b)[: 1 + c % 2]:
            if found := self._claim(pick, 0):
                Claim.objects.filter(pk=found.pk, ended_at=None).update(lease_expires_at=Now() - SECOND)
        leases.expire()

    def door_away(self, a: int, b: int, c: int) -> None:
        """An outage of the agent door: every lease gets a full term, however late it is."""
        if found := self._claim(a, 0):
            Claim.objects.filter(pk=found.pk, ended_at=None).update(lease_expires_at=Now() - SECOND)
        Beat.objects.update(at=Now() - timedelta(hours=1))
        leases.expire()
        leases.beat()
        assert not Claim.objects.filter(ended_at=None, lease_expires_at__lt=Now()).exists()

    def remove_runner(self, a: int, b: int, c: int) -> None:
        gone = self.runners.pop(a % len(self.runners))
        registration.remove(gone.row)
        leases.release(gone.row.pk)
        self._register(tuple(gone.row.labels), gone.row.capacity)

    # --- clocks and workers ------------------------------------------------------------------------

    def deliver(self, a: int, b: int, c: int) -> None:
        """Some nudges arrive, in whatever order; or one gets lost."""
        if self.nudges and c % 6 == 0:
            self.nudges.pop(a % len(self.nudges))
        for pick in (a, b, c):
            if self.nudges:
                task, args = self.nudges.pop(pick % len(self.nudges))
                if task != "expand" or not self._crowded():
                    getattr(tasks, task)(*args)

    def sweep(self, a: int, b: int, c: int) -> None:
        leases.beat()
        leases.expire()
        leases.end_overdue()
        concurrency.sweep()
        for run_id in leases.unfinished_runs():
            advance.run(run_id)

    def expand_due(self, a: int, b: int, c: int) -> None:
        self._everything_due()
        if not self._crowded():
            tasks.events()

    def overdue(self, a: int, b: int, c: int) -> None:
        """A job runs on past its timeout, or past a cancel that nobody answers."""
        running = Job.objects.filter(repository=self.repository, status="in_progress")
        if job := _pick(running, a):
            late = {"started_at": Now() - timedelta(hours=7)} if b % 2 else {}
            if job.cancel_requested_at is not None:
                late["cancel_requested_at"] = Now() - timedelta(minutes=6)
            Job.objects.filter(pk=job.pk).update(**late)
            leases.end_overdue()

    def group_free(self, a: int, b: int, c: int) -> None:
        """The time comes by which a lost runner has stopped by itself."""
        leaving = Place.objects.filter(run__repository=self.repository, state=Place.State.LEAVING)
        leaving.update(release_at=Now() - SECOND)
        concurrency.sweep()

    def advance_again(self, a: int, b: int, c: int) -> None:
        if run := self._run(a, b):
            advance.run(run.pk)

    # --- the end -----------------------------------------------------------------------------------

    def run_out(self) -> None:
        """Everybody does what is right until nothing is left to do; fails when something never ends."""
        for _ in range(60):
            self.nudges.clear()
            leases.beat()
            self._everything_due()
            tasks.events()
            self.group_free(0, 0, 0)
            self.sweep(0, 0, 0)
            Claim.objects.filter(ended_at=None, job__repository=self.repository).update(lease_expires_at=Now() - SECOND)
            leases.expire()
            for runner in self.runners:
                self._work_off(runner)
            if not self._open().exists() and not self._pending().exists():
                return
        left = [
            *self._open().values("run", "status", "hold", "reason"),
            *self._pending().values("name", "ref", "error"),
        ]
        raise AssertionError(f"runs that never end: {left}")

    def clear(self) -> None:
        """The repository goes, with everything of it."""
        repositories.delete(Actor.for_session(self.project.account), self.repository)
        for _ in range(5):
            deletion.sweep()
        assert not Repository.objects.filter(pk=self.repository.pk).exists(), "a deleted repository stays"
        for runner in self.runners:
            registration.remove(runner.row)

    def _everything_due(self) -> None:
        """Nudges are waited for no longer."""
        Event.objects.filter(repository=self.repository).update(created_at=Now() - timedelta(minutes=1))

    # --- picking -----------------------------------------------------------------------------------

    def _work_off(self, runner: FakeRunner) -> None:
        while (found := claim.next_job(runner.row, f"end-{Claim.objects.count()}-{runner.row.pk}")) is not None:
            assert found.job_id not in self.started, f"job {found.job_id} is handed out again after a step has started"
            reports.finish(found, JobReport(found.epoch, "completed", "success"))

    def _open(self) -> Any:
        return RunAttempt.objects.filter(repository=self.repository).exclude(status="completed")

    def _pending(self) -> Any:
        return Event.objects.filter(repository=self.repository, state=Event.State.PENDING)

    def _crowded(self) -> bool:
        runs = Run.objects.filter(repository=self.repository).count()
        return runs >= MOST_RUNS or self._open().count() >= MOST_OPEN

    def _repeatable(self, run: Run) -> bool:
        return run.attempts.count() < MOST_ATTEMPTS and self._open().count() < MOST_OPEN

    def _hear(self, found: Claim) -> None:
        try:
            assignment.build(found)
        except assignment.CannotBuild as error:
            reports.cannot_assign(found, str(error))
        self.claims = [*self.claims[-30:], found]

    def _heard(self, verb: Any, *args: Any) -> bool:
        try:
            verb(*args)
        except ForgeError:
            return False
        return True

    def _run(self, a: int, b: int) -> Run | None:
        """A run; more often one that goes on."""
        rows = Run.objects.filter(repository=self.repository)
        going = _pick(rows.exclude(latest_attempt__status="completed"), a) if b % 3 else None
        return going or _pick(rows, a)

    def _job(self, a: int, b: int) -> Job | None:
        """A job; more often one that is not over."""
        rows = Job.objects.filter(repository=self.repository).select_related("run")
        going = _pick(rows.exclude(status="completed"), a) if b % 3 else None
        return going or _pick(rows, a)

    def _claim(self, a: int, b: int) -> Claim | None:
        """A claim as its runner knows it; more often one of the last."""
        if not self.claims:
            return None
        return self.claims[-1 - a % min(6, len(self.claims))] if b % 4 else self.claims[a % len(self.claims)]

    def _runner(self, a: int) -> FakeRunner:
        return self.runners[a % len(self.runners)]

    def _register(self, labels: tuple[str, ...], capacity: int) -> None:
        self.runners.append(FakeRunner.new(*labels, capacity=capacity, repository=self.repository))


def _pick(rows: Any, number: int) -> Any:
    """One of the rows by number; None of none."""
    count = rows.count()
    return rows.order_by("pk")[number % count] if count else None


#: How often each deed is done.
WEIGHTS = {
    "push": 7,
    "expand_again": 1,
    "dispatch": 2,
    "cancel_run": 2,
    "force_cancel": 1,
    "cancel_job": 2,
    "run_again": 3,
    "job_again": 2,
    "new_run": 1,
    "discard": 3,
    "switch": 1,
    "take": 16,
    "ask_again": 2,
    "acknowledge": 8,
    "step": 14,
    "finish": 14,
    "stale": 2,
    "log": 4,
    "heartbeat": 2,
    "nothing_left": 2,
    "lose": 4,
    "door_away": 1,
    "remove_runner": 1,
    "deliver": 10,
    "sweep": 4,
    "expand_due": 2,
    "overdue": 1,
    "group_free": 2,
    "advance_again": 1,
}
