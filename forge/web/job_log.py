"""The log of a job in other shapes than its page: lines for the viewer, hits of a search, plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_POST

from forge.accounts import log_options
from forge.actions import log_downloads, logs
from forge.actions.models import Job, JobLog, Run, Step
from forge.actions.queries import runs
from forge.errors import ForgeError, Gone, Invalid, NotFound
from forge.repos.models import Repository
from forge.web import ansi, door, downloads, file_links, log_search, loglines
from forge.web.errors import page, refusal
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH
from workflows.states import Status

_NEAR = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


@page
def lines(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A thousand lines of a step as JSON: ``?step=4&page=87`` (from 0; ``page=last`` is the end). With ``?line=123``
    that one line (from 1), however long."""
    _, _, job = found(request, owner, name, run_id, job_id)
    ran = runs.source(job)
    log = _log(ran)
    step = _step(request, ran)
    within = loglines.span(ran, step, log) if log else None
    if (line := number(request, "line")) is not None:
        return _one_line(ran, within, line)
    if within is None:
        nothing = {"from": 0, "total": 0, "done": False, "started": 0, "sgr": "", "groups": [], "lines": []}
        return _json({**nothing, "held": loglines.is_held(step) and job.status != Status.COMPLETED}, sealed=False)
    total = within.count()
    last = max(total - 1, 0) // loglines.PAGE
    wanted = last if request.GET.get("page") == "last" else number(request, "page") or 0
    shown = loglines.page(within, wanted, total)
    files = file_links.find(job.run, (line.text for line in shown.lines))
    body = {
        "files": sorted(files.known),
        "from": shown.first,
        "total": total,
        "done": not within.growing,
        "started": int(step.started_at.timestamp() * 1000) if step.started_at else 0,
        "sgr": shown.style.parameters(),
        "groups": list(shown.groups),
        "lines": [loglines.told(line.time, line.text) for line in shown.lines],
    }
    full = len(shown.lines) == loglines.PAGE or (not within.growing and job.status == Status.COMPLETED)
    return _json(body, sealed=full and not within.growing and request.GET.get("page") != "last")


def _one_line(job: Job, within: loglines.Span | None, line: int) -> HttpResponse:
    if within is None or line < 1:
        raise NotFound
    read = logs.lines(job, within.start, within.end, skip=line - 1, count=1, log=within.log)
    if not read:
        raise NotFound
    return _json({"line": [loglines.milliseconds(read[0].time), read[0].text]}, sealed=not within.growing)


@page
def search(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """Lines that fit as JSON: ``?q=&re=1&case=1&word=1&step=4``, or ``?kind=error`` for errors and warnings.

    ``total`` counts them all; ``lines`` names ten thousand of them as [step, [line, …]], which come after ``after``
    others: those behind ``?after=`` so many, or those around ``?near=4-87654``, a line of a step. Errors and warnings
    are named as ``hits``, [step, line, kind].
    """
    _, _, job = found(request, owner, name, run_id, job_id)
    ran = runs.source(job)
    log = _log(ran)
    steps = [_step(request, ran)] if "step" in request.GET else list(ran.steps.all())
    try:
        if request.GET.get("kind") == "error":
            hits = log_search.marked(ran, steps, log)
        else:
            hits = log_search.find(ran, steps, log, query(request), _window(request))
    except Invalid as error:
        answer = JsonResponse({"message": str(error)}, status=422)
        answer["Cache-Control"] = "no-store"
        return answer
    body = {
        "total": hits.total,
        "after": hits.after,
        "lines": hits.lines,
        "hits": [[hit.step, hit.line, hit.kind] for hit in hits.hits],
    }
    return _json(body, sealed=log is not None and log.sealed_at is not None)


def _window(request: HttpRequest) -> log_search.Window:
    """Which of the hits are asked for."""
    near = _NEAR.fullmatch(request.GET.get("near", ""))
    return log_search.Window(number(request, "after") or 0, (int(near[1]), int(near[2])) if near else None)


@page
@require_POST
def choose_options(request: HttpRequest) -> HttpResponse:
    """How the person has logs shown, from the menu of a job's page; a box that is not ticked is not sent."""
    boxes = dict.fromkeys(("wrap", "follow", "commands"), "off")
    sent = {name: request.POST.get(name, "") for name in log_options.CHOICES if name in request.POST}
    log_options.choose(door.person(request), boxes | sent)
    return door.back(request, "/")


def query(request: HttpRequest) -> log_search.Query:
    """What the search box asks for."""
    flags = {
        name: request.GET.get(key) == "1" for name, key in (("is_regex", "re"), ("case", "case"), ("word", "word"))
    }
    return log_search.Query(request.GET.get("q", ""), **flags)


def _json(body: dict[str, Any], *, sealed: bool) -> HttpResponse:
    answer = JsonResponse(body)
    answer["Cache-Control"] = "private, immutable, max-age=31536000" if sealed else "no-store"
    return answer


def raw(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponseBase:
    """The whole log as plain text, byte for byte, or that of one step (``?step=4``); ``?ansi=0`` without control
    sequences, ``?times=0`` without times, ``?download=1`` as a file to keep."""
    try:
        _, run, job = found(request, owner, name, run_id, job_id)
        ran = runs.source(job)
        pieces = _pieces(request, ran)
    except ForgeError as error:
        return refusal(request, error)
    if request.GET.get("ansi") == "0" or request.GET.get("times") == "0":
        pieces = _changed(pieces, ansi_kept=request.GET.get("ansi") != "0", times=request.GET.get("times") != "0")
    name = f"run-{run.run_number}-job-{job.pk}-attempt-{job.attempt.number}"
    name += f"-step-{number(request, 'step')}" if "step" in request.GET else ""
    shown = request.GET.get("download") != "1"
    return downloads.file(request, pieces, "text/plain; charset=utf-8", f"{name}.txt", shown=shown)


def _pieces(request: HttpRequest, ran: Job) -> Iterator[bytes]:
    log = _log(ran)
    if log is None:
        return iter(())
    if "step" not in request.GET:
        return log_downloads.of(ran).pieces()
    within = loglines.span(ran, _step(request, ran), log)
    return log_downloads.part(ran, within.start, within.end) if within else iter(())


def _changed(pieces: Iterator[bytes], *, ansi_kept: bool, times: bool) -> Iterator[bytes]:
    """The same line by line, without what is not wanted."""

    def change(line: bytes) -> bytes:
        if not times and line[4:5] == b"-" and line[STAMP_LENGTH - 1 : PREFIX_LENGTH] == b"Z ":
            line = line[PREFIX_LENGTH:]
        return line if ansi_kept else ansi.visible(line.decode(errors="replace")).encode()

    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if whole:
            yield b"".join(change(line) + b"\n" for line in whole)
    yield change(rest)


def _log(ran: Job) -> JobLog | None:
    log = JobLog.objects.filter(job=ran).first()
    if log is not None and log.deleted_at is not None:
        raise Gone("This log has been deleted")
    return log


def _step(request: HttpRequest, ran: Job) -> Step:
    step = next((one for one in ran.steps.all() if one.number == number(request, "step")), None)
    if step is None:
        raise NotFound
    return step


def found(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> tuple[Repository, Run, Job]:
    """Repository, run and job of an address, if the person may read them."""
    repository = door.repository(request, owner, name)
    job = runs.job(repository, job_id)
    if job.run_id != run_id:
        raise NotFound
    run = job.run = runs.run(repository, run_id)
    run.repository = repository
    return repository, run, job


def number(request: HttpRequest, key: str) -> int | None:
    """A number of the address; None when there is none that can be read."""
    text = request.GET.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
