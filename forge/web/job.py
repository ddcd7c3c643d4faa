"""The page of a job with its steps and its log."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from forge.accounts import log_options
from forge.actions.models import Job, JobLog, Step
from forge.actions.queries import runs
from forge.errors import Invalid
from forge.web import door, file_links, gone, job_log, job_state, log_search, loglines
from forge.web.errors import page
from forge.web.run import frame
from workflows.states import Status

_BAD = ("failure", "timed_out")
#: Lines that the page begins with, unless one of the log's pages is asked for: its end, which most come for.
_TAIL = 200


@page
def show(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A job: its steps, the failing or running one open. Without scripts ``?step=&page=`` choose what is shown, and
    ``?q=`` lists the lines that fit."""
    repository, run, job = job_log.found(request, owner, name, run_id, job_id)
    ran = runs.source(job)
    log = JobLog.objects.filter(job=ran).first()
    steps = list(ran.steps.all())
    asked = job_log.number(request, "step")
    opened = next((step for step in steps if step.number == asked), None) if asked is not None else _interesting(steps)
    context = frame(run, job.attempt, list(runs.jobs(job.attempt))) | {
        "job": job,
        "ran": ran,
        "steps": steps,
        "log": log,
        "gone": gone.of(log, ran),
        "notice": job_state.of(job),
        "opened": opened,
        "held": {step.number for step in steps if loglines.is_held(step) and job.status != Status.COMPLETED},
        "asked": asked is not None,
        "times": request.GET.get("times") == "1",
        "cursor": f"{run.last_event}-{log.length if log else 0}",
        "live": job.status != Status.COMPLETED,
        "log_options": _options(request),
    }
    context |= _beside(context["jobs"], job)
    if "bare" not in request.GET:
        context |= _search(request, ran, steps, log)
        context |= _log_page(request, ran, opened, log) if opened is not None else {}
    return door.show(request, "job/job.html", repository, tab="actions", page="job", **context)


def _options(request: HttpRequest) -> str:
    """What the person has chosen for logs, as JSON for the viewer; empty for nobody."""
    account = door.actor(request).account
    return json.dumps(log_options.of(account)) if account is not None else ""


def _beside(jobs: list[Job], job: Job) -> dict[str, Job | None]:
    """The jobs before and after it in the list at the side."""
    place = next((index for index, one in enumerate(jobs) if one.pk == job.pk), None)
    if place is None:
        return {"previous": None, "next": None}
    return {
        "previous": jobs[place - 1] if place else None,
        "next": jobs[place + 1] if place + 1 < len(jobs) else None,
    }


def _search(request: HttpRequest, job: Job, steps: list[Step], log: JobLog | None) -> dict[str, Any]:
    """The lines that ``?q=`` asks for, unless a line of them is being looked at."""
    query = job_log.query(request)
    if not query.text or "step" in request.GET:
        return {"query": query, "found": None}
    found, error = log_search.Found(), ""
    try:
        found = log_search.find(job, steps, log, query, texts=True)
    except Invalid as wrong:
        error = wrong.message
    return {"query": query, "found": found, "found_error": error, "shown_hits": found.hits[: log_search.WITH_TEXT]}


def _log_page(request: HttpRequest, job: Job, step: Step, log: JobLog | None) -> dict[str, Any]:
    within = loglines.span(job, step, log) if log and log.deleted_at is None else None
    if within is None:
        return {"lines": [], "pages": 0, "number": 1, "total": 0}
    total = within.count()
    pages = max((total + loglines.PAGE - 1) // loglines.PAGE, 1)
    at_end, asked = step.conclusion in _BAD or within.growing, job_log.number(request, "page")
    number = min(max(asked or (pages if at_end else 1), 1), pages)
    is_tail = asked is None and at_end and total > _TAIL
    found = loglines.tail(within, _TAIL)[0] if is_tail else loglines.page(within, number - 1, total)
    files = file_links.find(job.run, (line.text for line in found.lines))
    drawn = loglines.draw(found.lines, found.style, files.html)
    first = number - 1 if asked is not None else "last" if at_end else 0
    return {"lines": drawn, "pages": pages, "number": number, "total": total, "tail": is_tail, "wanted": first}


def _interesting(steps: list[Step]) -> Step | None:
    """The failing step, else the running one whose lines are seen as they come, else any that runs, else none."""
    failing = next((step for step in steps if step.conclusion in _BAD), None)
    running = [step for step in steps if step.status == Status.IN_PROGRESS]
    return failing or min(running, key=lambda step: (loglines.is_held(step), step.number), default=None)
