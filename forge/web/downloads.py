"""Bytes to be saved as a file, sent piece by piece whichever way the server runs."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from forge.threads import run_sync


def file(request: HttpRequest, pieces: Iterator[bytes], kind: str, name: str) -> StreamingHttpResponse:
    """An answer that never stands in memory whole, to be saved under this name."""
    # An asynchronous server would gather a plain iterator whole before the first byte.
    answer = StreamingHttpResponse(_Later(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


class _Later:
    """The same pieces for an asynchronous server; closed with the answer, though nobody asked for one of them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> _Later:
        return self

    async def __anext__(self) -> bytes:
        piece = await run_sync(next, self._pieces, None)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Let go of what they are read from."""
        if close := getattr(self._pieces, "close", None):
            close()
