"""Rows that break a rule of concurrency groups or called workflows, each in one way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models.functions import Now

from forge.actions import cancel, concurrency, trigger
from forge.actions.models import ConcurrencyGroup, Job, JobNode, Place, Run
from tests.engine import CI, Project, attempt
from tests.forge.actions.reconcile.broken import HOUR, change, without_index

GROUPS = """
on: push
concurrency: whole
jobs:
  a:
    runs-on: x
    concurrency: one
    steps: [{run: "true"}]
  c:
    uses: ./.github/workflows/called.yml
    concurrency: call
  over:
    if: false
    runs-on: x
    steps: [{run: "true"}]
"""
CALLED = """
on: workflow_call
jobs:
  d:
    runs-on: x
    steps: [{run: "true"}]
"""


@dataclass
class Lines:
    """Three runs that want one group: the first was stopped, the second holds it and two more for what it runs, the
    third waits."""

    ended: Run
    first: Run
    second: Run

    @classmethod
    def new(cls) -> Lines:
        """Made by the engine's own verbs."""
        project = Project.new()
        ended = cls._pushed(project)
        cancel.run(None, ended)
        return cls(ended, cls._pushed(project), cls._pushed(project))

    @staticmethod
    def _pushed(project: Project) -> Run:
        event = project.push({CI: GROUPS, ".github/workflows/called.yml": CALLED})
        (run,) = trigger.expand(event.pk)
        for _ in range(3):  # a nudge each: for the run, then for what it runs
            concurrency.sweep()
        return run

    @property
    def waiting(self) -> Place:
        """The third run's place."""
        return Place.objects.get(run=self.second)

    def group(self, name: str) -> ConcurrencyGroup:
        """The group of this name, made where it is new."""
        return ConcurrencyGroup.objects.get_or_create(
            repository=self.first.repository, name_key=name, defaults={"name": name}
        )[0]

    def place(self, name: str) -> Place:
        """The second run's place in a group."""
        return Place.objects.get(run=self.first, group=self.group(name))


def calls(lines: Lines) -> str:
    node = JobNode.objects.get(attempt=attempt(lines.first), parent__isnull=False)
    change(node, parent=JobNode.objects.get(attempt=node.attempt, key="a"))
    return f"node:{node.pk}"


def one_holder(lines: Lines) -> str:
    without_index("place_held")
    change(lines.place("one"), group=lines.group("whole"))
    return f"group:{lines.group('whole').pk}"


def no_holder(lines: Lines) -> str:
    held = Place.objects.filter(run=lines.first, group=lines.group("whole"))
    held.update(group=lines.group("another"))
    return f"group:{lines.group('whole').pk}"


def never_free(lines: Lines) -> str:
    held = lines.place("one")
    Place.objects.create(
        group=lines.group("another"),
        run=held.run,
        attempt=held.attempt,
        job=held.job,
        state=Place.State.LEAVING,
        release_at=Now() - HOUR,
    )
    return f"group:{lines.group('another').pk}"


def verdict_due(lines: Lines) -> str:
    change(lines.waiting, verdict_due=True)
    return f"place:{lines.waiting.pk}"


def place_of_ended(lines: Lines) -> str:
    over = attempt(lines.ended)
    made = Place.objects.create(group=lines.group("another"), run=lines.ended, attempt=over, state="holding")
    return f"place:{made.pk}"


def place_of_ended_job(lines: Lines) -> str:
    job = Job.objects.filter(attempt=attempt(lines.first), name="over").get()
    group = lines.group("another")
    made = Place.objects.create(group=group, run=lines.first, attempt=job.attempt, job=job, state="holding")
    return f"place:{made.pk}"


def held_without_place(lines: Lines) -> str:
    lines.waiting.delete()
    return f"attempt:{attempt(lines.second).pk}"


def job_without_group(lines: Lines) -> str:
    place = lines.place("one")
    place.delete()
    return f"job:{place.job_id}"


def call_without_group(lines: Lines) -> str:
    place = lines.place("call")
    change(place, state=Place.State.REFUSED)
    return f"node:{place.node_id}"


#: As in ``broken``.
CASES: tuple[tuple[Callable[[Lines], str], str], ...] = (
    (calls, "calls"),
    (one_holder, "one_holder"),
    (no_holder, "no_holder"),
    (never_free, "never_free"),
    (verdict_due, "verdict_due"),
    (place_of_ended, "place_of_ended"),
    (place_of_ended_job, "place_of_ended"),
    (held_without_place, "held_attempt"),
    (job_without_group, "job_without_group"),
    (call_without_group, "call_without_group"),
)
#: A tree of nodes that is none cannot go on, and its call seems to be over.
ALSO = {"calls": {"moves_due", "place_of_ended"}}
