"""Parts of a download: HTTP ranges as RFC 9110 (section 14) has them, one range at a time.

Several ranges in one request, or a range that cannot be read, mean the whole, as the RFC allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from forge.api.streams import headers, streamed

_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Source(Protocol):
    """Something to download, as it was at one moment."""

    @property
    def tag(self) -> str:
        """Names exactly these bytes."""

    @property
    def length(self) -> int:
        """How many they are."""

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Those from ``start`` up to ``end`` (excluded)."""


class Unsatisfiable(Exception):
    """The range begins behind the end."""


def answer(request: HttpRequest, source: Source, content_type: str, filename: str) -> HttpResponseBase:
    """The whole, the asked part (206), 304 for who has it, or 416."""
    etag = f'"{source.tag}"'
    if _known(request, etag):
        return _tagged(HttpResponseNotModified(), etag)
    asked = request.headers.get("Range", "") if request.method == "GET" and _same(request, etag) else ""
    if not asked and request.method == "GET":
        return _tagged(streamed(request, source.pieces(), content_type, filename=filename), etag)
    length = source.length
    if request.method == "HEAD":
        return _tagged(_empty(length, content_type, filename), etag)
    try:
        part = span(asked, length)
    except Unsatisfiable:
        refused = HttpResponse(status=416, headers={"Content-Range": f"bytes */{length}"}, content_type="text/plain")
        return _tagged(refused, etag)
    start, end = part or (0, length)
    response = streamed(request, source.pieces(start, end), content_type, filename=filename)
    response["Content-Length"] = str(end - start)
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{length}"
    return _tagged(response, etag)


def span(text: str, length: int) -> tuple[int, int] | None:
    """First byte and the one after the last of what a ``Range`` asks; None for the whole."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or not any(match.groups()) or length == 0:
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0:
            raise Unsatisfiable
        return max(0, length - int(last)), length
    start, end = int(first), min(int(last) + 1, length) if last else length
    if last and int(last) < start:
        return None
    if start >= length:
        raise Unsatisfiable
    return start, end


def _known(request: HttpRequest, etag: str) -> bool:
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    return etag in known or "*" in known


def _same(request: HttpRequest, etag: str) -> bool:
    """A range counts only while the client's part is of these very bytes; a date says nothing of them."""
    return request.headers.get("If-Range", etag) == etag


def _empty(length: int, content_type: str, filename: str) -> HttpResponse:
    response = HttpResponse(content_type=content_type)
    headers(response, filename)
    response["Content-Length"] = str(length)
    return response


def _tagged(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["ETag"], response["Accept-Ranges"] = etag, "bytes"
    return response
