"""A run's jobs over time, ready to be drawn as SVG: a row each, hatched while it waited, solid while it ran."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forge.actions.models import Job, JobNode
from forge.web import appearance, clock, job_groups

ROW, TOP, LABEL, CHART, END = 26, 28, 232, 560, 136
#: Rows that are drawn; the list has the rest.
MOST_ROWS = 256
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_TICKS = 5


@dataclass(frozen=True)
class Row:
    """A job with its bars in pixels; a width of 0 means there is none."""

    job: Job
    look: appearance.Look
    y: int
    waited_x: int
    waited: int
    ran_x: int
    ran: int
    took: str
    critical: bool

    @property
    def label(self) -> str:
        """Its name, cut to what fits."""
        name = self.job.name
        return name if len(name) <= 32 else name[:31] + "…"

    @property
    def text_y(self) -> int:
        """The line that its texts stand on."""
        return self.y + 17

    @property
    def bar_y(self) -> int:
        """The upper edge of its bars."""
        return self.y + 7

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


def chart(jobs: Sequence[Job], nodes: Sequence[JobNode], now: datetime) -> Chart | None:
    """The chart of an attempt; None before anything of its own was queued. A carried-over job has a row and no bar."""
    own = [job for job in jobs if not job.carries_id]
    starts = [moment for job in own if (moment := job.queued_at or job.started_at)]
    if not starts:
        return None
    first = min(starts)
    last = max((_end(job, now) for job in own if job.queued_at or job.started_at), default=first)
    total = max((last - first).total_seconds(), 1.0)
    scale = CHART / total
    critical = _critical(own, nodes)
    shown = list(jobs[:MOST_ROWS])
    rows = tuple(
        _row(job, TOP + number * ROW, first, scale, now, job.pk in critical) for number, job in enumerate(shown)
    )
    return Chart(rows, _ticks(total, scale), TOP + len(rows) * ROW + 8, len(jobs) - len(shown))


def _end(job: Job, now: datetime) -> datetime:
    return job.completed_at or now


def _row(job: Job, y: int, first: datetime, scale: float, now: datetime, critical: bool) -> Row:
    def place(moment: datetime) -> int:
        return LABEL + round((moment - first).total_seconds() * scale)

    look = appearance.of(job)
    if job.carries_id or look.key == "skipped":
        words = "Carried over" if job.carries_id else look.word
        return Row(job, look, y, LABEL, 0, LABEL, 0, words, False)
    queued, started = job.queued_at or job.started_at, job.started_at
    begun = started or _end(job, now)
    waited = max(place(begun) - place(queued), 0) if queued else 0
    ran = max(place(_end(job, now)) - place(started), 2) if started else 0
    return Row(
        job,
        look,
        y,
        place(queued) if queued else LABEL,
        waited,
        place(begun),
        ran,
        _words(job, look),
        critical,
    )


def _words(job: Job, look: appearance.Look) -> str:
    took = clock.between(job.started_at, job.completed_at)
    return " · ".join(word for word in (took, look.word if look.key != "success" else "") if word)


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
