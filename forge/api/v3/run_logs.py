"""Logs to download: a redirect to a signed address, valid for a minute, and what is found there.

The signed address needs no credential and heeds none, since clients drop or keep theirs on the way as
they please. It names one job or attempt and opens nothing else; a download once begun goes on.
"""

from __future__ import annotations

import re
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from rest_framework.request import Request

from forge.actions import log_archives, log_downloads
from forge.actions.models import Job, JobLog, RunAttempt
from forge.actions.queries import runs as queries
from forge.api import errors, ranges
from forge.api.addresses import api_url
from forge.api.streams import streamed
from forge.errors import Gone, NotFound

SECONDS = 60
_SALT = "forge.api.run_logs"
_GONE = "The logs were deleted"


def redirect(request: Request, what: dict[str, int]) -> HttpResponseRedirect:
    """302 to the signed address of ``{"job": id}`` or ``{"attempt": id}``."""
    token = signing.dumps(what, salt=_SALT)
    return HttpResponseRedirect(f"{api_url(request._request)}/signed/logs/{token}")


def check_job(job: Job) -> None:
    """NotFound when the job has written no log, Gone when it was deleted."""
    log_downloads.of(queries.source(job))


def check_attempt(attempt: RunAttempt) -> None:
    """NotFound when no job of the attempt has written a log, Gone when they were deleted."""
    found = _logs(attempt)
    if not found:
        raise NotFound("Not Found: no job of this run has a log (yet)")
    if all(log.deleted_at is not None for log in found):
        raise Gone(_GONE)


def signed(request: HttpRequest, token: str) -> HttpResponseBase:
    """What a signed address opens: a job's log as text, or an attempt's logs as a zip."""
    if request.method not in ("GET", "HEAD"):
        refused = errors.plain(request, 405, "Use GET")
        refused["Allow"] = "GET, HEAD"
        return refused
    try:
        what: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=SECONDS)
    except signing.SignatureExpired:
        return errors.plain(request, 403, "This address has expired; ask the API for a new one")
    except signing.BadSignature:
        return errors.plain(request, 403, "The signature of this address is wrong")
    try:
        return _text(request, what["job"]) if "job" in what else _zip(request, what["attempt"])
    except (NotFound, Gone) as error:
        return errors.plain(request, 404 if isinstance(error, NotFound) else 410, error.message)


def _text(request: HttpRequest, job_id: int) -> HttpResponseBase:
    job = _jobs(Job.objects.filter(pk=job_id)).first()
    if job is None:
        raise NotFound
    text = log_downloads.of(queries.source(job))
    return ranges.answer(request, text, "text/plain; charset=utf-8", f"{_safe(job.name)}.txt")


def _zip(request: HttpRequest, attempt_id: int) -> HttpResponseBase:
    """Made while it is sent, so that its length is not known before its end: it has no parts."""
    attempt = RunAttempt.objects.select_related("run__repository__owner").filter(pk=attempt_id).first()
    if attempt is None or attempt.run.repository.deleted_at is not None:
        raise NotFound
    check_attempt(attempt)
    name = f"logs_{attempt.run_id}_{attempt.number}.zip"
    written = log_archives.archive(list(queries.jobs(attempt)), queries.source) if request.method == "GET" else iter(())
    response = streamed(request, written, "application/zip", filename=name)
    response["Accept-Ranges"] = "none"
    return response


def _jobs(found: QuerySet[Job]) -> QuerySet[Job]:
    return found.filter(repository__deleted_at=None).select_related("carries")


def _logs(attempt: RunAttempt) -> list[JobLog]:
    ran = [queries.source(job).pk for job in queries.jobs(attempt)]
    return list(JobLog.objects.filter(job__in=ran))


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "job"
