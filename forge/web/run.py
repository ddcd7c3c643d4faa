"""The page of a run and of its attempts, and what a person does to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from forge.actions import cancel as cancelling
from forge.actions import rerun as rerunning
from forge.actions.models import Annotation, Job, JobLog, Run, RunAttempt, Step
from forge.actions.queries import pages, runs
from forge.errors import NotFound
from forge.repos.models import Repository, Right
from forge.web import appearance, clock, door, graphs, loglines, why
from forge.web.errors import page
from workflows.states import Status

EXCERPT = 3  # lines around a problem of the file


@page
def summary(request: HttpRequest, owner: str, name: str, run_id: int, number: int | None = None) -> HttpResponse:
    """A run: its latest attempt, or the one asked for."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    attempt = runs.latest(run) if number is None else runs.attempt(run, number)
    jobs = list(runs.jobs(attempt))
    context = frame(run, attempt, jobs) | {
        "nodes": pages.nodes(attempt),
        "attempts": pages.attempts(run),
        "why": why.of_attempt(attempt),
        "failure": _first_failure(jobs),
        "problems": _problems(run, attempt),
        "summaries": pages.summaries(jobs),
        "queue_time": _queue_time(jobs),
        "inputs": (run.contexts.get("inputs") or {}).items() if isinstance(run.contexts, dict) else (),
    }
    context["picture"] = graphs.picture(context["nodes"], jobs)
    context |= _annotations(request, jobs)
    return door.show(request, "run/run.html", repository, tab="actions", page="summary", **context)


@page
def workflow_file(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """The workflow file as the run used it."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    attempt = runs.latest(run)
    context = frame(run, attempt, list(runs.jobs(attempt)))
    return door.show(
        request, "run/file.html", repository, tab="actions", page="file", lines=run.source.text.splitlines(), **context
    )


def frame(run: Run, attempt: RunAttempt, jobs: list[Job]) -> dict[str, Any]:
    """What the run's pages and those of its jobs have in common."""
    return {
        "run": run,
        "attempt": attempt,
        "jobs": jobs,
        "waits": why.of_jobs(jobs),
        "is_latest": attempt.latest,
        "running": attempt.status != Status.COMPLETED,
        "look": appearance.of(attempt),
        "rerunnable": attempt.latest and attempt.status == Status.COMPLETED and attempt.conclusion != "startup_failure",
        "any_failed": any(job.conclusion in ("failure", "timed_out", "cancelled") for job in jobs),
        "cancelling": attempt.cancel_requested_at is not None and attempt.status != Status.COMPLETED,
    }


def _first_failure(jobs: list[Job]) -> dict[str, Any] | None:
    """The last lines of the first failing step, and where they stand."""
    for job in jobs:
        ran = runs.source(job)
        step = next((step for step in ran.steps.all() if step.conclusion in ("failure", "timed_out")), None)
        if job.conclusion in ("failure", "timed_out") and step is not None:
            return {"job": job, "step": step, **_tail(ran, step)}
    return None


def _tail(job: Job, step: Step) -> dict[str, Any]:
    log = JobLog.objects.filter(job=job).first()
    within = loglines.span(job, step, log) if log and log.deleted_at is None else None
    if within is None:
        return {"lines": [], "last": 1}
    found, first = loglines.tail(within)
    lines = [line for line in loglines.draw(found.lines, found.style) if line.kind != "endgroup"]
    return {"lines": lines, "last": first + len(found.lines)}


def _problems(run: Run, attempt: RunAttempt) -> list[dict[str, Any]]:
    """Findings of a startup failure, each with the lines of the file around it."""
    if not attempt.problems:
        return []
    lines = run.source.text.splitlines()
    return [{**found, "excerpt": _excerpt(lines, int(found.get("line") or 0))} for found in attempt.problems]


def _excerpt(lines: list[str], line: int) -> list[tuple[int, str, bool]]:
    if not 0 < line <= len(lines):
        return []
    first, last = max(line - EXCERPT, 1), min(line + EXCERPT - 1, len(lines))
    return [(number, lines[number - 1][:400], number == line) for number in range(first, last + 1)]


def _annotations(request: HttpRequest, jobs: list[Job]) -> dict[str, Any]:
    counts = pages.annotation_counts(jobs)
    total = sum(counts.values())
    number = request.GET.get("annotations", "1")
    shown = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 10 else 1
    found: list[Annotation] = pages.worst_annotations(jobs, (shown - 1) * pages.ANNOTATIONS) if total else []
    words = [
        f"{counts[level]} {word}{'s' if counts[level] != 1 else ''}"
        for level, word in _LEVELS.items()
        if counts.get(level)
    ]
    more = shown + 1 if shown * pages.ANNOTATIONS < total else None
    return {
        "annotations": found,
        "annotation_words": ", ".join(words),
        "annotation_more": more,
        "annotation_page": shown,
    }


_LEVELS = {"failure": "error", "warning": "warning", "notice": "notice"}


def _queue_time(jobs: list[Job]) -> str:
    waits = [job.started_at - job.queued_at for job in jobs if job.started_at and job.queued_at]
    return clock.duration(min(waits)) if waits else "–"


@require_POST
@page
def cancel(request: HttpRequest, owner: str, name: str, run_id: int, force: bool = False) -> HttpResponse:
    """Ask the run to stop; with ``force`` it ends at once."""
    repository, run = _of_writer(request, owner, name, run_id)
    (cancelling.force if force else cancelling.run)(door.person(request), run)
    return door.back(request, _address(repository, run))


@require_POST
@page
def rerun(request: HttpRequest, owner: str, name: str, run_id: int, failed: bool = False) -> HttpResponse:
    """A new attempt, of all jobs or of those that failed; goes to it."""
    repository, run = _of_writer(request, owner, name, run_id)
    rerunning.attempt(door.person(request), run, "failed" if failed else "all", debug=_debug(request))
    return door.see_other(_address(repository, run))


@require_POST
@page
def rerun_job(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A new attempt of one job and those that need it."""
    repository, run = _of_writer(request, owner, name, run_id)
    job = runs.job(repository, job_id)
    if job.run_id != run.pk:
        raise NotFound
    rerunning.attempt(door.person(request), run, job=job, debug=_debug(request))
    return door.see_other(_address(repository, run))


def _debug(request: HttpRequest) -> bool:
    return request.POST.get("debug") == "1"


def _of_writer(request: HttpRequest, owner: str, name: str, run_id: int) -> tuple[Repository, Run]:
    repository = door.repository(request, owner, name, Right.WRITE)
    return repository, runs.run(repository, run_id)


def _address(repository: Repository, run: Run) -> str:
    return f"/{repository.full_name}/actions/runs/{run.pk}"
