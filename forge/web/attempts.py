"""The attempts of a run beside each other, and what came out otherwise than the time before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge.actions.models import Job, Run, RunAttempt
from forge.actions.queries import pages
from forge.web import appearance
from workflows.states import Status

#: Ends that one and the same commit should not have one after the other.
_FLAKY = ({"failure", "success"}, {"timed_out", "success"})
_JOB = "job:"


@dataclass(frozen=True)
class Row:
    """An attempt, which jobs were asked for, and how many that were."""

    attempt: RunAttempt
    asked: str
    counts: pages.Counts


@dataclass(frozen=True)
class Change:
    """A job that ended otherwise than in the attempt before; ``flaky`` when it failed once and succeeded once."""

    job: Job
    before: appearance.Look
    flaky: bool


def rows(run: Run, attempts: Sequence[RunAttempt]) -> list[Row]:
    """All of them, the newest first; none where there is only one."""
    if len(attempts) < 2:
        return []
    counts = pages.counts_of_attempts(run)
    names = pages.job_names(found for one in attempts if (found := _job_id(one)) is not None)
    return [Row(one, _asked(one, names), counts.get(one.pk, pages.Counts())) for one in attempts]


def changed(attempt: RunAttempt, jobs: Sequence[Job]) -> list[Change]:
    """The jobs that came to another end than in the attempt before."""
    before = pages.results_before(attempt) if attempt.number > 1 else {}
    found = []
    for job in jobs:
        old = before.get(job.name)
        if old is not None and job.status == Status.COMPLETED and old[1] and old[1] != job.conclusion:
            found.append(Change(job, appearance.look(*old), {old[1], job.conclusion} in _FLAKY))
    return found


def _asked(attempt: RunAttempt, names: dict[int, str]) -> str:
    if attempt.number == 1 or attempt.scope == "all":
        return "all jobs"
    if attempt.scope == "failed":
        return "failed jobs"
    name = names.get(_job_id(attempt) or 0)
    return f"{name} and what needs it" if name else "one job and what needs it"


def _job_id(attempt: RunAttempt) -> int | None:
    """Of the job that alone was asked for."""
    text = attempt.scope.removeprefix(_JOB)
    return int(text) if attempt.scope.startswith(_JOB) and text.isdigit() else None
