"""The page of a run and of its attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from forge.actions.models import Job, JobLog, JobNode, Run, RunAttempt, Step
from forge.actions.queries import notes, pages, runs, timings
from forge.artifacts import artifacts
from forge.errors import NotFound
from forge.web import (
    appearance,
    approvals,
    attempts,
    clock,
    door,
    excerpts,
    gone,
    job_groups,
    jobs_views,
    loglines,
    reviews,
    why,
)
from forge.web.errors import page
from workflows.states import Hold, Status

_BAD = ("failure", "timed_out")
_LEVELS = {"failure": "error", "warning": "warning", "notice": "notice"}
#: Reasons why jobs do not run that stand on top of the page.
_MOST_REASONS = 3


@page
def summary(request: HttpRequest, owner: str, name: str, run_id: int, number: int | None = None) -> HttpResponse:
    """A run: its latest attempt, or the one asked for."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    try:
        attempt = runs.latest(run) if number is None else runs.attempt(run, number)
    except NotFound:
        answer = door.show(request, "run/no_attempt.html", repository, tab="actions", run=run, number=number)
        answer.status_code = 404
        return answer
    jobs, nodes = list(runs.jobs(attempt)), pages.nodes(attempt)
    tries = pages.attempts(run)
    context = frame(run, attempt, jobs, nodes) | {
        "nodes": nodes,
        "attempts": tries,
        "tries": attempts.rows(run, tries),
        "why": why.of_attempt(attempt),
        "failure": _first_failure(jobs),
        "problems": excerpts.of_run(run, attempt),
        "summaries": notes.summaries_of(jobs),
        "artifacts": list(artifacts.of_attempt(attempt)),
        "changed": attempts.changed(attempt, jobs),
        "now": timezone.now(),
        **_facts(run, jobs),
        **_annotations(request, jobs),
    }
    context["stuck"] = _stuck(jobs, context["waits"])
    context |= _waiting(request, run, attempt, jobs)
    views = jobs_views.of(request, attempt, jobs, nodes)
    answer = door.show(request, "run/run.html", repository, tab="actions", page="summary", views=views, **context)
    jobs_views.remember(request, answer)
    return answer


def frame(run: Run, attempt: RunAttempt, jobs: list[Job], nodes: Sequence[JobNode] | None = None) -> dict[str, Any]:
    """What the run's pages and those of its jobs have in common."""
    running = attempt.status != Status.COMPLETED
    nodes = pages.nodes(attempt) if nodes is None else nodes
    return {
        "run": run,
        "attempt": attempt,
        "jobs": jobs,
        "groups": job_groups.groups(jobs, nodes, running=running),
        "folded": len(jobs) > job_groups.FOLDED_ABOVE,
        "filtered": len(jobs) >= job_groups.FILTERED_FROM,
        "waits": why.of_jobs(jobs),
        "is_latest": attempt.latest,
        "running": running,
        "look": appearance.of(attempt),
        "rerunnable": attempt.latest and not running and attempt.conclusion != "startup_failure",
        "any_failed": any(job.conclusion in ("failure", "timed_out", "cancelled") for job in jobs),
        "cancelling": attempt.cancel_requested_at is not None and running,
    }


def _waiting(request: HttpRequest, run: Run, attempt: RunAttempt, jobs: Sequence[Job]) -> dict[str, Any]:
    """What a person has to decide before the run goes on."""
    held = attempt.latest and attempt.status != Status.COMPLETED and attempt.hold == Hold.APPROVAL
    asked = attempt.latest and any(job.status == Status.WAITING for job in jobs)
    found = reviews.of_run(request, run, attempt) if asked else []
    asks = approvals.of_run(run) if held else None
    return {"held": held, "approval": asks, "reviews": found, "may_review": any(one.may for one in found)}


def _facts(run: Run, jobs: Sequence[Job]) -> dict[str, Any]:
    """What stands in the strip of facts."""
    waits = [job.started_at - job.queued_at for job in jobs if job.started_at and job.queued_at]
    message = run.head_commit.get("message", "") if isinstance(run.head_commit, dict) else ""
    return {
        "queue_time": clock.duration(min(waits)) if waits else "–",
        "minutes": sum(one.minutes for one in timings.job_times(jobs)),
        "message": next(iter(str(message).splitlines()), ""),
        "inputs": (run.contexts.get("inputs") or {}).items() if isinstance(run.contexts, dict) else (),
    }


def _stuck(jobs: Sequence[Job], waits: dict[int, str]) -> list[tuple[str, list[Job], int]]:
    """Why jobs do not run: each reason with the first jobs that it keeps, and how many more there are."""
    by_text: dict[str, list[Job]] = {}
    for job in jobs:
        if job.status not in (Status.COMPLETED, Status.IN_PROGRESS) and job.pk in waits:
            by_text.setdefault(waits[job.pk], []).append(job)
    return [(text, found[:3], len(found) - 3) for text, found in by_text.items()][:_MOST_REASONS]


def _first_failure(jobs: list[Job]) -> dict[str, Any] | None:
    """The last lines of the first failing step, and where they stand."""
    for job in jobs:
        ran = runs.source(job)
        step = next((step for step in ran.steps.all() if step.conclusion in _BAD), None)
        if job.conclusion in _BAD and step is not None:
            return {"job": job, "step": step, **_tail(ran, step)}
    return None


def _tail(job: Job, step: Step) -> dict[str, Any]:
    log = JobLog.objects.filter(job=job).first()
    within = loglines.span(job, step, log) if log and log.deleted_at is None else None
    if within is None:
        return {"lines": [], "last": 1, "gone": gone.of(log, job)}
    found, first = loglines.tail(within)
    lines = [line for line in loglines.draw(found.lines, found.style) if line.kind != "endgroup"]
    return {"lines": lines, "last": first + len(found.lines)}


def _annotations(request: HttpRequest, jobs: list[Job]) -> dict[str, Any]:
    number = request.GET.get("annotations", "1")
    shown = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    found = notes.annotations_of(jobs, shown)
    words = [
        f"{found.counts[level]} {word}{'s' if found.counts[level] != 1 else ''}"
        for level, word in _LEVELS.items()
        if found.counts.get(level)
    ]
    job_of = {job.carries_id or job.pk: job for job in jobs}
    files: list[dict[str, Any]] = []
    for one in found.rows:
        row = {"one": one.annotation, "job": job_of[one.annotation.job_id], "more": one.times - 1}
        if not files or files[-1]["path"] != one.annotation.path:
            files.append({"path": one.annotation.path, "known": _in_repository(one.annotation.path), "rows": []})
        files[-1]["rows"].append(row)
    return {"annotations": found, "annotation_files": files, "annotation_words": ", ".join(words)}


def _in_repository(path: str) -> bool:
    """Whether a path can be one of the repository's, and not one of the runner's machine."""
    return bool(path) and not path.startswith(("/", "~")) and ".." not in path.split("/") and "\\" not in path
