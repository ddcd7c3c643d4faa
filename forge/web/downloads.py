"""Bytes to be saved as a file, sent piece by piece whichever way the server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from forge.threads import run_sync


def file(request: HttpRequest, pieces: Iterator[bytes], kind: str, name: str) -> StreamingHttpResponse:
    """An answer that never stands in memory whole, to be saved under this name."""
    # An asynchronous server would gather a plain iterator whole before the first byte.
    answer = StreamingHttpResponse(_later(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


async def _later(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await run_sync(next, pieces, None)) is not None:
        yield piece
