"""A run with a matrix between two jobs, taken through its life with every statement counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from forge.actions import advance, assignment, cancel, concurrency, report, rerun, trigger
from forge.actions.models import Job, Place, Run
from tests.engine import CI, FakeRunner, Project, Work
from workflows.messages import JobReport

_FILE = """\
on: push
jobs:
  first: {runs-on: LABEL, outputs: {o: x}, steps: [{run: x}]}
  legs:
    needs: first
    runs-on: LABEL
    strategy: {fail-fast: %s, matrix: {leg: "${{ fromJSON(needs.first.outputs.o) }}"}}
    concurrency: {group: "g${{ matrix.leg }}"}
    steps: [{run: x}]
  last: {needs: legs, runs-on: LABEL, steps: [{run: x}]}
"""


class Counter:
    """Statements by what was done."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what is asked of the database meanwhile; the most of a step that is taken often."""
        with CaptureQueriesContext(connection) as asked:
            yield
        self.counts[name] = max(self.counts.get(name, 0), len(asked))


def counts(legs: int) -> Mapping[str, int]:
    """How many statements each step of such a run takes."""
    counter = Counter()
    _to_the_end(counter, legs)
    _stopped(counter, legs)
    return counter.counts


def _begin(counter: Counter, legs: int, *, fail_fast: bool) -> tuple[Project, Run, FakeRunner]:
    project = Project.new()
    label = f"legs-{project.repository.pk}"  # what other runs have left waits for other runners
    runner = FakeRunner.new(label, capacity=min(2 * legs, 256))
    project.push({CI: "on: push\njobs: {a: {runs-on: none}}\n"})  # what a repository's first push makes is made
    event = project.push({CI: _FILE.replace("LABEL", label) % str(fail_fast).lower()})
    with counter.step("a push makes the run"):
        [run] = trigger.expand(event.pk)
    work = runner.take()
    with counter.step("the job before the matrix ends: all legs are made, and ask for their groups"):
        work.finish(outputs={"o": str(list(range(legs)))})
    # Each leg has a group of its own here, which is one decision each: of its group, not of the run.
    while Place.objects.filter(state="waiting").exists():
        concurrency.sweep()
    assert Job.objects.filter(run=run, status="queued").count() == legs
    return project, run, runner


def _to_the_end(counter: Counter, legs: int) -> None:
    project, run, runner = _begin(counter, legs, fail_fast=False)
    works = []
    for number in range(legs):
        with _sometimes(counter, number, legs, "a leg is claimed"):
            claimed = runner.claim()
        assert claimed is not None
        with _sometimes(counter, number, legs, "its assignment is built"):
            work = Work(claimed, assignment.build(claimed))
        with _sometimes(counter, number, legs, "it is acknowledged"):
            report.acknowledge(claimed, JobReport(claimed.epoch, "in_progress"))
        with _sometimes(counter, number, legs, "it reports a step"):
            work.step("in_progress")
        works.append(work)
    for number, work in enumerate(works[:-1]):
        with _sometimes(counter, number, legs, "it ends"):
            work.finish("success" if number else "failure")
    with counter.step("the last leg ends: what needs the matrix is decided"):
        works[-1].finish()
    with counter.step("nothing is left to do"):
        advance.run(run.pk)
    with counter.step("its failed leg runs again, the others are carried over"):
        rerun.attempt(project.account, run, "failed")


def _stopped(counter: Counter, legs: int) -> None:
    _, _, runner = _begin(counter, legs, fail_fast=True)
    work = runner.take()
    with counter.step("a leg fails: fail-fast ends all the others"):
        work.finish("failure")
    project, run, runner = _begin(counter, legs, fail_fast=True)
    with counter.step("the run is cancelled while all legs wait"):
        cancel.run(project.account, run)
    project, run, runner = _begin(counter, legs, fail_fast=True)
    for _ in range(legs):
        runner.take()
    with counter.step("the run is cancelled while all legs run"):
        cancel.run(project.account, run)


@contextmanager
def _sometimes(counter: Counter, number: int, legs: int, name: str) -> Iterator[None]:
    """Count the first and the last of many alike."""
    with counter.step(name) if number in (0, legs - 2, legs - 1) else _uncounted():
        yield


@contextmanager
def _uncounted() -> Iterator[None]:
    yield
