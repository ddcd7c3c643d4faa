"""The doors of one job, opened by its lease token."""

from __future__ import annotations

import zlib

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from forge.actions import leases, log_chunks, report
from forge.api.agent import appends
from forge.api.agent.door import answer, claim_of, door, message
from forge.errors import Invalid
from workflows.errors import InvalidMessage
from workflows.messages import JobReport, LogAccepted, StepsReport

LOG_BYTES = log_chunks.LIMIT


@door("POST")
def cancel_check(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Is this job to be stopped? For agents that only poll."""
    return answer(leases.cancel_state(claim_of(request, job_id)))


@door("POST")
def steps(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """States of steps."""
    claim = claim_of(request, job_id)
    report.steps(claim, message(request, StepsReport))
    return answer({})


@door("POST")
def status(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """``in_progress`` acknowledges the claim; ``completed`` ends the job."""
    claim = claim_of(request, job_id)
    said = message(request, JobReport)
    if said.status == "in_progress":
        report.acknowledge(claim, said)
    elif said.status == "completed":
        report.finish(claim, said)
    else:
        raise Invalid(f"{said.status!r} is not for a runner to say: in_progress or completed")
    return answer({})


@door("PUT")
def log(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Append bytes of the log at an offset."""
    claim = claim_of(request, job_id)
    offset = request.GET.get("offset", "")
    if not offset.isascii() or not offset.isdigit() or len(offset) > 18:
        raise InvalidMessage("offset must be a number of bytes")
    body, encoding = request.body, request.META.get("HTTP_CONTENT_ENCODING", "")
    data = decoded(body, encoding)
    frame = body if encoding == "zstd" else None
    return answer(LogAccepted(appends.append(claim, int(offset), data, frame)))


def decoded(body: bytes, encoding: str) -> bytes:
    """The bytes as they were before transport; never more than the limit is decoded."""
    if encoding in ("", "identity"):
        data = body
    elif encoding == "zstd":
        data = log_chunks.unpack(body)
    elif encoding == "gzip":
        data = _gzip(body)
    else:
        raise InvalidMessage(f"Content-Encoding {encoding[:40]!r} is not known: zstd, gzip or none")
    if len(data) > LOG_BYTES:
        raise Invalid(f"More than {LOG_BYTES} bytes in one append")
    return data


def _gzip(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(body, LOG_BYTES + 1)
    except zlib.error as error:
        raise InvalidMessage(f"The body is no gzip stream: {error}") from None
