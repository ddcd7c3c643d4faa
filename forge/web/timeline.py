"""A run's jobs over time, ready to be drawn as SVG: a row each, hatched while it waited, solid while it ran. Below an
open one stand its steps."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from forge.actions.models import Job, JobNode, Step
from forge.web import appearance, clock, job_groups, unfolding

ROW, TOP, LABEL, CHART, END = 26, 28, 232, 544, 152
#: Rows that are drawn; the list has the rest.
MOST_ROWS = 256
#: Of more jobs than this, only those that tell something can be opened: a page has so many elements at most.
ALL_OPEN_UP_TO = 100
#: Steps that are drawn of each job.
MOST_STEPS = 100
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_TICKS = 5


@dataclass(frozen=True)
class Place:
    """Where a row stands, in pixels."""

    y: int

    @property
    def text_y(self) -> int:
        """The line that its texts stand on."""
        return self.y + 17

    @property
    def bar_y(self) -> int:
        """The upper edge of its bars."""
        return self.y + 7


@dataclass(frozen=True)
class StepRow(Place):
    """A step with its bar; a width of 0 means there is none."""

    step: Step
    look: appearance.Look
    x: int
    width: int
    took: str

    @property
    def label(self) -> str:
        """Its name, cut to what fits."""
        return _short(self.step.name, 27)

    @property
    def end_x(self) -> int:
        """Where its bar ends."""
        return self.x + self.width + 8


@dataclass(frozen=True)
class Row(Place):
    """A job with its bars; a width of 0 means there is none. ``toggle`` is the query that shows its steps, or hides
    them where they are shown; empty where it has none to show."""

    job: Job
    look: appearance.Look
    waited_x: int
    waited: int
    ran_x: int
    ran: int
    took: str
    critical: bool
    steps: tuple[StepRow, ...] = ()
    toggle: str = ""

    @property
    def label(self) -> str:
        """Its name, cut to what fits."""
        return _short(self.job.name, 29)

    @property
    def end_x(self) -> int:
        """Where its bars end."""
        return max(self.waited_x + self.waited, self.ran_x + self.ran) + 8


@dataclass(frozen=True)
class Chart:
    """All rows, marks of time as (x, words), and the size of it."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[int, str], ...]
    height: int
    more: int
    width: int = LABEL + CHART + END


@dataclass(frozen=True)
class _Scale:
    """From moments to pixels."""

    first: datetime
    now: datetime
    per_second: float

    def x(self, moment: datetime) -> int:
        return LABEL + round((moment - self.first).total_seconds() * self.per_second)


def chart(jobs: Sequence[Job], nodes: Sequence[JobNode], now: datetime, opened: Collection[int] = ()) -> Chart | None:
    """The chart of an attempt, with the steps of the jobs of these ids; None before anything of its own was queued. A
    carried-over job has a row and no bar."""
    own = [job for job in jobs if not job.carries_id]
    starts = [moment for job in own if (moment := job.queued_at or job.started_at)]
    if not starts:
        return None
    first = min(starts)
    last = max((_end(job, now) for job in own if job.queued_at or job.started_at), default=first)
    total = max((last - first).total_seconds(), 1.0)
    scale = _Scale(first, now, CHART / total)
    critical = _critical(own, nodes)
    open_ids = [job.pk for job in own if job.pk in opened]
    rows: list[Row] = []
    y = TOP
    for job in jobs[:MOST_ROWS]:
        row = _row(job, y, scale, job.pk in critical)
        if not job.carries_id and _can_open(job, row, len(jobs), open_ids):
            toggle = unfolding.toggle("timeline", job.pk, open_ids)
            row = replace(row, steps=_steps(job, y, scale, open_ids), toggle=toggle)
        rows.append(row)
        y += ROW * (1 + len(row.steps))
    return Chart(tuple(rows), _ticks(total, scale.per_second), y + 8, len(jobs) - len(rows))


def _can_open(job: Job, row: Row, count: int, opened: Sequence[int]) -> bool:
    telling = row.critical or row.look.key in job_groups.TELLING or job.pk in opened
    return (count <= ALL_OPEN_UP_TO or telling) and bool(job.steps.all())


def _steps(job: Job, y: int, scale: _Scale, opened: Sequence[int]) -> tuple[StepRow, ...]:
    if job.pk not in opened:
        return ()
    rows = []
    for number, step in enumerate(job.steps.all()[:MOST_STEPS], start=1):
        look = appearance.of(step)
        if step.started_at is None or look.key == "skipped":
            rows.append(StepRow(y + number * ROW, step, look, LABEL, 0, look.word))
            continue
        end = step.completed_at or job.completed_at or scale.now
        x = scale.x(step.started_at)
        words = _words(step.started_at, step.completed_at, look)
        rows.append(StepRow(y + number * ROW, step, look, x, max(scale.x(end) - x, 2), words))
    return tuple(rows)


def _end(job: Job, now: datetime) -> datetime:
    return job.completed_at or now


def _row(job: Job, y: int, scale: _Scale, critical: bool) -> Row:
    look = appearance.of(job)
    if job.carries_id or look.key == "skipped":
        words = "Carried over" if job.carries_id else look.word
        return Row(y, job, look, LABEL, 0, LABEL, 0, words, False)
    queued, started = job.queued_at or job.started_at, job.started_at
    end = _end(job, scale.now)
    begun = scale.x(started or end)
    return Row(
        y,
        job,
        look,
        waited_x=scale.x(queued) if queued else LABEL,
        waited=max(begun - scale.x(queued), 0) if queued else 0,
        ran_x=begun,
        ran=max(scale.x(end) - begun, 2) if started else 0,
        took=_words(job.started_at, job.completed_at, look),
        critical=critical,
    )


def _words(start: datetime | None, end: datetime | None, look: appearance.Look) -> str:
    took = clock.between(start, end)
    return " · ".join(word for word in (took, look.word if look.key != "success" else "") if word)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _critical(jobs: Sequence[Job], nodes: Sequence[JobNode]) -> set[int]:
    """The chain of jobs, back from the one that ended last, each kept waiting by the one before it."""
    root_of = job_groups.roots(nodes)
    needs = {node.key: list(node.needs) for node in nodes if node.parent_id is None}
    last: dict[str, tuple[datetime, int]] = {}
    for job in jobs:
        key = root_of.get(job.node_id, "")
        if job.started_at and job.completed_at and (key not in last or job.completed_at > last[key][0]):
            last[key] = (job.completed_at, job.pk)
    found: set[int] = set()
    key = max(last, key=lambda one: last[one][0], default="")
    while key in last and last[key][1] not in found:
        found.add(last[key][1])
        key = max((one for one in needs.get(key, ()) if one in last), key=lambda one: last[one][0], default="")
    return found if len(found) > 1 else set()


def _ticks(total: float, scale: float) -> tuple[tuple[int, str], ...]:
    days = math.ceil(total / _TICKS / 86400)
    step = next((one for one in _STEPS if total / one <= _TICKS), days * 86400)
    count = int(total // step)
    return tuple(
        (LABEL + round(number * step * scale), clock.duration(timedelta(seconds=number * step)))
        for number in range(count + 1)
    )
