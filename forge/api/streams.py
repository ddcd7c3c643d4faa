"""Long answers, sent piece by piece whichever way the server runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from forge import threads


def streamed(
    request: HttpRequest,
    pieces: Iterator[bytes],
    content_type: str,
    *,
    filename: str = "",
    ended: Callable[[], None] | None = None,
) -> StreamingHttpResponse:
    """An answer that never stands in memory whole; with ``filename``, one to be saved under that name. ``ended`` is
    called when it is over, or its client has gone."""
    response = _Streamed(threads.sent(request, pieces), content_type=content_type)
    response.ended = ended
    headers(response, filename)
    return response


def headers(response: HttpResponseBase, filename: str = "") -> None:
    """What every download carries; ``filename`` makes it one to be saved."""
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    if filename:
        response["Content-Disposition"] = f'attachment; filename="{filename}"'


class _Streamed(StreamingHttpResponse):
    """Tells somebody when it is closed, which Django does however it ends."""

    ended: Callable[[], None] | None = None

    def close(self) -> None:
        """Called by Django at the end of the answer and when the client has gone."""
        if self.ended is not None:
            self.ended()
        super().close()
