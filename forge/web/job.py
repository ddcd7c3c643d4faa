"""The page of a job with its steps and its log, and the log in other shapes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse

from forge.actions import log_downloads
from forge.actions.models import Job, JobLog, Run, Step
from forge.actions.queries import runs
from forge.errors import ForgeError, Gone, NotFound
from forge.repos.models import Repository
from forge.threads import run_sync
from forge.web import ansi, door, loglines
from forge.web.errors import page, refusal
from forge.web.run import frame
from workflows.states import Status

_BAD = ("failure", "timed_out")


@page
def show(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A job: its steps, the failing or running one open. ``?step=&page=`` choose what is shown without scripts."""
    repository, run, job = _found(request, owner, name, run_id, job_id)
    ran = runs.source(job)
    log = JobLog.objects.filter(job=ran).first()
    steps = list(ran.steps.all())
    asked = _number(request, "step")
    opened = next((step for step in steps if step.number == asked), None) if asked is not None else _interesting(steps)
    context = frame(run, job.attempt, list(runs.jobs(job.attempt))) | {
        "job": job,
        "ran": ran,
        "steps": steps,
        "log": log,
        "opened": opened,
        "held": {step.number for step in steps if loglines.is_held(step) and job.status != Status.COMPLETED},
        "asked": asked is not None,
        "times": request.GET.get("times") == "1",
        "cursor": f"{run.last_event}-{log.length if log else 0}",
        "live": job.status != Status.COMPLETED,
    }
    if opened is not None and "bare" not in request.GET:
        context |= _log_page(request, ran, opened, log)
    return door.show(request, "job/job.html", repository, tab="actions", page="job", **context)


def _log_page(request: HttpRequest, job: Job, step: Step, log: JobLog | None) -> dict[str, Any]:
    within = loglines.span(job, step, log) if log and log.deleted_at is None else None
    if within is None:
        return {"lines": [], "pages": 0, "number": 1, "total": 0}
    total = within.count()
    pages = max((total + loglines.PAGE - 1) // loglines.PAGE, 1)
    last = pages if step.conclusion in _BAD or within.growing else 1
    number = min(max(_number(request, "page") or last, 1), pages)
    found = loglines.page(within, number - 1, total)
    return {"lines": loglines.draw(found.lines, found.style), "pages": pages, "number": number, "total": total}


def _interesting(steps: list[Step]) -> Step | None:
    """The failing step, else the running one whose lines are seen as they come, else any that runs, else none."""
    failing = next((step for step in steps if step.conclusion in _BAD), None)
    running = [step for step in steps if step.status == Status.IN_PROGRESS]
    return failing or min(running, key=lambda step: (loglines.is_held(step), step.number), default=None)


@page
def lines(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A thousand lines of a step as JSON: ``?step=4&page=87`` (from 0; ``page=last`` is the end)."""
    _, _, job = _found(request, owner, name, run_id, job_id)
    ran = runs.source(job)
    step = next((one for one in ran.steps.all() if one.number == _number(request, "step")), None)
    log = JobLog.objects.filter(job=ran).first()
    if step is None:
        raise NotFound
    if log is not None and log.deleted_at is not None:
        raise Gone("This log has been deleted")
    within = loglines.span(ran, step, log) if log else None
    if within is None:
        nothing = {"from": 0, "total": 0, "done": False, "sgr": "", "groups": [], "lines": []}
        return _json({**nothing, "held": loglines.is_held(step) and job.status != Status.COMPLETED}, sealed=False)
    total = within.count()
    last = max(total - 1, 0) // loglines.PAGE
    number = last if request.GET.get("page") == "last" else _number(request, "page") or 0
    found = loglines.page(within, number, total)
    body = {
        "from": found.first,
        "total": total,
        "done": not within.growing,
        "sgr": found.style.parameters(),
        "groups": list(found.groups),
        "lines": [[loglines.milliseconds(line.time), line.text] for line in found.lines],
    }
    full = len(found.lines) == loglines.PAGE or (not within.growing and job.status == Status.COMPLETED)
    return _json(body, sealed=full and not within.growing and request.GET.get("page") != "last")


def _json(body: dict[str, Any], *, sealed: bool) -> HttpResponse:
    answer = JsonResponse(body)
    answer["Cache-Control"] = "private, immutable, max-age=31536000" if sealed else "no-store"
    return answer


def raw(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponseBase:
    """The whole log as plain text, byte for byte; ``?ansi=0`` without control sequences."""
    try:
        _, run, job = _found(request, owner, name, run_id, job_id)
        ran = runs.source(job)
        log = JobLog.objects.filter(job=ran).first()
        if log is not None and log.deleted_at is not None:
            raise Gone("This log has been deleted")
    except ForgeError as error:
        return refusal(request, error)
    pieces = log_downloads.of(ran).pieces() if log is not None else iter(())
    if request.GET.get("ansi") == "0":
        pieces = _stripped(pieces)
    whole = _later(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(whole, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = (
        f'inline; filename="run-{run.run_number}-job-{job.pk}-attempt-{job.attempt.number}.txt"'
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _stripped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same without control sequences, line by line."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if whole:
            yield "".join(ansi.visible(line.decode(errors="replace")) + "\n" for line in whole).encode()
    yield ansi.visible(rest.decode(errors="replace")).encode()


async def _later(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece: an asynchronous server would gather a plain iterator whole."""
    while (piece := await run_sync(next, pieces, None)) is not None:
        yield piece


def _found(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> tuple[Repository, Run, Job]:
    repository = door.repository(request, owner, name)
    job = runs.job(repository, job_id)
    if job.run_id != run_id:
        raise NotFound
    return repository, runs.run(repository, run_id), job


def _number(request: HttpRequest, key: str) -> int | None:
    text = request.GET.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
