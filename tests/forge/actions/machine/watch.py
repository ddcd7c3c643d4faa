"""What must be true after every deed, whatever it was."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from forge.actions import reconcile
from forge.actions.models import Claim, Event, Job, JobNode, Place, Run, RunAttempt, Step
from tests import rules
from tests.forge.actions.machine.world import World
from workflows import states
from workflows.states import Status

#: Of groups these hold at any moment; the others as soon as nudges and sweeps had their turn.
ALWAYS = ("one_holder", "never_free")


@dataclass
class Watch:
    """Remembers how everything stood after the last deed."""

    world: World
    jobs: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    attempts: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    steps: dict[int, tuple[str, str | None, int]] = field(default_factory=dict)
    marks: dict[int, list[Any]] = field(default_factory=dict)

    def look(self, *, swept: bool = False, everything: bool = False) -> None:
        """Fail with what is wrong. Runs of which no row has changed keep the rules that they kept, so they are looked
        at with ``everything`` only; after a sweep also the groups are settled."""
        if swept:
            rules.settle()
        before = self.marks
        self._moves()
        self._verdicts()
        self._started()
        failed = Event.objects.filter(repository=self.world.repository, tries__gt=0).values_list("error", flat=True)
        assert not failed, f"events that could not be expanded: {list(failed)}"
        changed = [run for run, mark in self.marks.items() if everything or before.get(run) != mark]
        wrong = reconcile.at_runs(changed)
        if swept or everything:
            wrong += self._shared(swept=swept)
        assert not wrong, "the rows break the rules:\n" + "\n".join(map(str, wrong))

    def _shared(self, *, swept: bool) -> list[reconcile.Found]:
        repository = self.world.repository.pk
        groups = set(Place.objects.filter(run__repository=repository).values_list("group", flat=True))
        lines = [one for one in reconcile.at_groups(groups) if swept or one.rule in ALWAYS]
        return [*reconcile.at_repositories([repository]), *lines]

    def _mark(self) -> None:
        """Of each run all that moves in it, but for its log."""
        repository = self.world.repository.pk
        marks: dict[int, list[Any]] = {}
        columns = {
            Run: ("pk", "last_event", "latest_attempt", "updated_at"),
            Job: ("run", "pk", "status", "free", "epoch", "runner", "cancel_requested_at", "cancel_forced"),
            RunAttempt: ("run", "pk", "status", "hold", "cancel_requested_at", "latest"),
        }
        for model, names in columns.items():
            for run, *rest in model._default_manager.filter(repository=repository).values_list(*names).order_by("pk"):
                marks.setdefault(run, []).append(rest)
        claims = Claim.objects.filter(job__repository=repository).order_by("pk")
        for run, *rest in claims.values_list("job__run", "pk", "ended_at", "acknowledged_at", "started_at"):
            marks.setdefault(run, []).append(rest)
        places = Place.objects.filter(run__repository=repository).order_by("pk")
        for run, *rest in places.values_list("run", "pk", "state", "verdict_due"):
            marks.setdefault(run, []).append(rest)
        self.marks = marks

    def _moves(self) -> None:
        """Nothing goes back, and nothing leaves completed, but for the one way of a job that never started."""
        self._mark()
        mine = {"job": Job, "attempt": RunAttempt}
        for kind, model in mine.items():
            rows = model._default_manager.filter(repository=self.world.repository)
            now = {pk: (status, end) for pk, status, end in rows.values_list("pk", "status", "conclusion")}
            before: dict[int, tuple[str, str | None]] = getattr(self, f"{kind}s")
            for pk in before.keys() & now.keys():
                self._moved(kind, pk, before[pk], now[pk])
            setattr(self, f"{kind}s", now)
        self._steps()

    def _moved(self, kind: str, pk: int, before: tuple[str, str | None], now: tuple[str, str | None]) -> None:
        if before == now:
            return
        text = f"{kind} {pk} moved from {before} to {now}"
        was, status = Status(before[0]), Status(now[0])
        if kind == "job":
            back = was is Status.IN_PROGRESS and status is Status.QUEUED and pk not in self.world.started
            assert back or states.may_move(was, status), text
        else:
            assert was is not Status.COMPLETED, text
        assert (status is Status.COMPLETED) == (now[1] is not None), text

    def _steps(self) -> None:
        rows = Step.objects.filter(job__repository=self.world.repository)
        now = {pk: (status, end, job) for pk, status, end, job in rows.values_list("pk", "status", "conclusion", "job")}
        for pk, (status, end, job) in self.steps.items():
            if pk not in now:  # with its job, or because it is handed out anew
                assert job not in self.jobs or self.jobs[job][0] == Status.QUEUED or job not in self.world.started
            elif now[pk][:2] != (status, end):
                text = f"step {pk} moved from {status, end} to {now[pk]}"
                assert states.may_move(Status(status), Status(now[pk][0])), text
        self.steps = now

    def _started(self) -> None:
        """Once the server has let a step begin, no other claim follows."""
        newest = Claim.objects.filter(job__in=self.world.started).values_list("job", "epoch")
        for job, epoch in newest:
            assert epoch <= self.world.started[job], (
                f"job {job} has a claim {epoch} after {self.world.started[job]} began"
            )

    def _verdicts(self) -> None:
        """Status and conclusion of every attempt, worked out of its jobs once more and by other means."""
        repository = self.world.repository
        fields = ("attempt", "status", "conclusion", "continue_on_error")
        jobs: dict[int, list[tuple[Any, ...]]] = {}
        for attempt, *rest in Job.objects.filter(repository=repository).values_list(*fields):
            jobs.setdefault(attempt, []).append(tuple(rest))
        nodes = JobNode.objects.filter(attempt__repository=repository)
        left = set(nodes.filter(expanded=False).values_list("attempt", flat=True))
        for attempt in _waiting_calls(nodes):  # a call that waits for its groups has no job that could say so
            jobs.setdefault(attempt, []).append(("pending", None, False))
        rows = RunAttempt.objects.filter(repository=repository).values_list("pk", "status", "conclusion", "hold")
        for pk, status, conclusion, hold in rows:
            expected = _verdict(jobs.get(pk, []), pk in left, hold)
            assert (status, conclusion) == expected, f"attempt {pk} is {status, conclusion}, its jobs say {expected}"


def _waiting_calls(nodes: QuerySet[JobNode]) -> list[int]:
    """Attempts, each as often as it has legs of calling jobs that want a group which they do not hold."""
    asked: dict[tuple[int | None, int], int] = {}
    places = Place.objects.filter(node__in=nodes, state=Place.State.HOLDING)
    for node, leg in places.values_list("node", "leg"):
        asked[node, leg] = asked.get((node, leg), 0) + 1
    under: dict[tuple[int | None, int], list[JobNode]] = {}
    for node in nodes.prefetch_related("jobs"):
        under.setdefault((node.parent_id, node.leg), []).append(node)

    def is_over(node: JobNode) -> bool:
        jobs = all(job.status == Status.COMPLETED for job in node.jobs.all())
        return node.expanded and jobs and all(map(is_over, _called(node)))

    def _called(node: JobNode) -> list[JobNode]:
        return [child for leg in range(len(node.calls)) for child in under.get((node.pk, leg), [])]

    return [
        node.attempt_id
        for node in itertools.chain.from_iterable(under.values())
        for leg, call in enumerate(node.calls)
        if asked.get((node.pk, leg), 0) < len(call["groups"]) and not all(map(is_over, under.get((node.pk, leg), [])))
    ]


def _verdict(jobs: Iterable[tuple[Any, ...]], undecided: bool, hold: str) -> tuple[str, str | None]:
    words = list(jobs)
    if hold == "startup_failure":
        return "completed", "startup_failure"
    seen = {status for status, *_ in words}
    if not undecided and seen <= {"completed"}:
        return "completed", _end(words)
    if hold:
        return "pending", None
    begun = "in_progress" if "completed" in seen else "queued"
    if "in_progress" in seen:
        return "in_progress", None
    if "queued" in seen or seen <= {"completed"}:
        return begun, None
    return "pending", None


def _end(jobs: Iterable[tuple[Any, ...]]) -> str:
    counted = [
        "success" if forgiven and word in ("failure", "timed_out") else word.replace("timed_out", "failure")
        for _, word, forgiven in jobs
    ]
    for word in ("failure", "cancelled"):
        if word in counted:
            return word
    return "skipped" if counted and set(counted) == {"skipped"} else "success"
