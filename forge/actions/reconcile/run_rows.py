"""The rows of some runs, read with as many queries for one run as for a hundred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from forge.actions import snapshots
from forge.actions.models import Claim, Job, JobNode, Place, Run, RunAttempt
from workflows.decide import Snapshot
from workflows.states import Status


class RunRows:
    """Some runs with their attempts, nodes, jobs and claims as they stand.

    ``settle`` is how long a run has to have been left alone before what is done after a commit counts as not done.
    """

    def __init__(self, ids: Iterable[int], settle: timedelta = timedelta(0)) -> None:
        self.ids = sorted(set(ids))
        self.settle = settle
        related = ("repository", "workflow", "event", "latest_attempt__triggering_actor")
        rows: QuerySet[Run] = Run.objects.filter(pk__in=self.ids).select_related(*related)
        self.runs = {run.pk: run for run in rows.annotate(now=Now())}
        self.now: datetime = next((run.now for run in self.runs.values()), timezone.now())
        self._snapshots: dict[int, Snapshot | None] = {}

    @cached_property
    def attempts(self) -> dict[int, list[RunAttempt]]:
        """Of each run, the oldest first."""
        found: dict[int, list[RunAttempt]] = {run: [] for run in self.runs}
        rows = RunAttempt.objects.filter(run__in=self.ids).select_related("triggering_actor")
        for attempt in rows.order_by("number", "pk"):
            found.setdefault(attempt.run_id, []).append(attempt)
        return found

    @cached_property
    def nodes(self) -> dict[int, list[JobNode]]:
        """Of each attempt."""
        found: dict[int, list[JobNode]] = defaultdict(list)
        for node in JobNode.objects.filter(attempt__run__in=self.ids).order_by("pk"):
            found[node.attempt_id].append(node)
        return found

    @cached_property
    def jobs(self) -> list[Job]:
        """Of all the runs."""
        rows = Job.objects.filter(run__in=self.ids).select_related("carries")
        return list(rows.defer("matrix", "carries__outputs", "carries__matrix").order_by("pk"))

    @cached_property
    def of_attempt(self) -> dict[int, list[Job]]:
        """The jobs of each attempt."""
        return _by(self.jobs, "attempt_id")

    @cached_property
    def of_node(self) -> dict[int, list[Job]]:
        """The jobs of each node."""
        return _by(self.jobs, "node_id")

    @cached_property
    def places(self) -> dict[int, list[Place]]:
        """The places in concurrency groups that each attempt has, with what is in it."""
        found: dict[int, list[Place]] = defaultdict(list)
        for place in Place.objects.filter(attempt__run__in=self.ids).order_by("pk"):
            found[place.attempt_id].append(place)
        return found

    @cached_property
    def claims(self) -> dict[int, list[Claim]]:
        """Of each job, the oldest first."""
        found: dict[int, list[Claim]] = defaultdict(list)
        for claim in Claim.objects.filter(job__run__in=self.ids).order_by("epoch"):
            found[claim.job_id].append(claim)
        return found

    def live(self, job: Job) -> list[Claim]:
        """The claims that hold a job now."""
        return [claim for claim in self.claims[job.pk] if claim.ended_at is None]

    def every_attempt(self) -> Iterator[RunAttempt]:
        """All attempts of all the runs."""
        for attempts in self.attempts.values():
            yield from attempts

    def current(self) -> Iterator[tuple[Run, RunAttempt]]:
        """The attempts that still go on, where they are the ones that their runs show."""
        for run in self.runs.values():
            if run.latest_attempt is not None and run.latest_attempt.status != Status.COMPLETED:
                yield run, run.latest_attempt

    def snapshot(self, attempt: RunAttempt) -> Snapshot | None:
        """The attempt as ``workflows.decide`` sees it; None when its file cannot be read any more."""
        if attempt.pk not in self._snapshots:
            run = self.runs[attempt.run_id]
            shown = run.latest_attempt
            seen = shown if shown is not None and shown.pk == attempt.pk else attempt
            rows = self.nodes[attempt.pk], self.of_attempt[attempt.pk], self.places[attempt.pk]
            self._snapshots[attempt.pk] = snapshots.of_rows(run, seen, *rows)
        return self._snapshots[attempt.pk]

    def settled(self, moment: datetime) -> bool:
        """True when it is long enough ago for what follows to have been done."""
        return moment <= self.now - self.settle


def _by(jobs: Iterable[Job], name: str) -> dict[int, list[Job]]:
    found: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        found[getattr(job, name)].append(job)
    return found
