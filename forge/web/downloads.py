"""Bytes to be saved as a file, sent piece by piece whichever way the server runs."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from forge import threads


def file(
    request: HttpRequest, pieces: Iterator[bytes], kind: str, name: str, *, shown: bool = False
) -> StreamingHttpResponse:
    """An answer that never stands in memory whole, to be saved under this name, or with ``shown`` to be looked at."""
    answer = StreamingHttpResponse(threads.sent(request, pieces), content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(not shown, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer
