"""What the jobs of an attempt said beside their logs: annotations and summaries. A constant number of queries each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Min, Value, When
from django.db.models.functions import Length, Substr

from forge.actions.models import Annotation, Job, Summary

#: Annotations on a page.
PAGE = 50
#: Characters of one summary that are drawn, and of all on one page.
SUMMARY_LIMIT = 1 << 20
SUMMARIES_LIMIT = 2 << 20


@dataclass(frozen=True)
class Found:
    """An annotation and how often it was made, word for word."""

    annotation: Annotation
    times: int


@dataclass(frozen=True)
class Annotations:
    """One page of them, errors first, then by file and line; ``counts`` are of all, by level."""

    rows: tuple[Found, ...]
    counts: dict[str, int]
    different: int
    page: int

    @property
    def total(self) -> int:
        """All that were made."""
        return sum(self.counts.values())

    @property
    def next(self) -> int | None:
        """The next page, if there is one."""
        return self.page + 1 if self.page * PAGE < self.different else None


@dataclass(frozen=True)
class Part:
    """A step's summary: as much of it as is drawn, and its whole length in characters."""

    step: int
    text: str
    length: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more of it."""
        return len(self.text) < self.length


@dataclass(frozen=True)
class JobSummary:
    """What the steps of one job wrote. ``job`` is the one of the attempt, not the one that it carries over."""

    job: Job
    parts: tuple[Part, ...]

    @property
    def prefix(self) -> str:
        """What the ids of its headings begin with, so that they are nobody else's."""
        return f"summary-{self.job.pk}-"


def annotations_of(jobs: Sequence[Job], page: int = 1) -> Annotations:
    """Those of an attempt's jobs, the same word for word once."""
    of_jobs = Annotation.objects.filter(job__in=sources(jobs)).order_by()
    counts = dict(of_jobs.values_list("level").annotate(number=Count("id")))
    if not counts:
        return Annotations((), {}, 0, 1)
    rank = Case(
        When(level="failure", then=Value(0)),
        When(level="warning", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    same = of_jobs.values("level", "path", "start_line", "title", "message").annotate(
        rank=rank, first=Min("id"), times=Count("id")
    )
    ordered = same.order_by("rank", "path", "start_line", "first")
    shown = list(ordered.values_list("first", "times")[(page - 1) * PAGE : page * PAGE])
    rows = Annotation.objects.select_related("job").in_bulk([first for first, _ in shown])
    different = len(shown) if page == 1 and len(shown) < PAGE else same.count()
    return Annotations(tuple(Found(rows[first], times) for first, times in shown), counts, different, page)


def summaries_of(jobs: Sequence[Job]) -> list[JobSummary]:
    """What the jobs' steps wrote, in the order of jobs and steps; cut where it is too long to be drawn."""
    found = Summary.objects.filter(job__in=sources(jobs)).annotate(length=Length("text")).order_by("job_id", "step")
    sizes = list(found.values_list("pk", "job_id", "step", "length"))
    room, drawn = SUMMARIES_LIMIT, []
    for key, _, _, length in sizes:
        if min(length, SUMMARY_LIMIT) <= room:
            drawn.append(key)
            room -= min(length, SUMMARY_LIMIT)
    texts = dict(
        Summary.objects.filter(pk__in=drawn).annotate(begin=Substr("text", 1, SUMMARY_LIMIT)).values_list("pk", "begin")
    )
    by_job: dict[int, list[Part]] = {}
    for key, job_id, step, length in sizes:
        if length:
            by_job.setdefault(job_id, []).append(Part(step, texts.get(key, ""), length))
    return [JobSummary(job, tuple(by_job[ran])) for job in jobs if (ran := job.carries_id or job.pk) in by_job]


def summary_text(job: Job) -> str:
    """The whole of what the steps of one job wrote; give the job that really ran."""
    return "\n".join(Summary.objects.filter(job=job).order_by("step").values_list("text", flat=True))


def sources(jobs: Sequence[Job]) -> list[int]:
    """Ids of the jobs that really ran."""
    return [job.carries_id or job.pk for job in jobs]
