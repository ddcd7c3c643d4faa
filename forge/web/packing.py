"""Pages, their parts and the lines of logs, packed for browsers that unpack: a tenth of the bytes on the way.

Django's own middleware would pack everything (streams of events too, which then stay in its buffer), and costs every
held call a turn in a thread. What a page says beside a secret cannot be guessed by its length: the form's token is
another in each answer, and each packed answer is longer by a random number of bytes.
"""

from __future__ import annotations

import asyncio
import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string

from forge.web.afterwards import Afterwards

#: Bytes from which on it is worth the trouble, and from which on it takes long enough to leave others a turn.
WORTH, LONG = 500, 1 << 15
RANDOM_BYTES = 100
_TYPES = ("text/html", "text/css", "text/javascript", "image/svg+xml", "application/json")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


class Packing(Afterwards):
    """Packs what the next in line answers, where that is a page's and the browser takes it."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Packed, or as it is."""
        if plain := to_pack(request, response):
            pack(plain)

    async def finish_async(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """The same; what is long in a thread."""
        plain = to_pack(request, response)
        if plain and len(plain.content) > LONG:
            await asyncio.to_thread(pack, plain)
        elif plain:
            pack(plain)


def to_pack(request: HttpRequest, response: HttpResponseBase) -> HttpResponse | None:
    """The same answer where it is a page's and the browser takes it packed. A cache is told that there are two."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if not isinstance(response, HttpResponse) or kind not in _TYPES or request.path.startswith("/api/"):
        return None
    if len(response.content) < WORTH or response.has_header("Content-Encoding"):
        return None
    patch_vary_headers(response, ("Accept-Encoding",))
    return response if _GZIP.search(request.headers.get("Accept-Encoding", "")) else None


def pack(response: HttpResponse) -> None:
    """Change it into the same, packed. Its tag now stands for the content, no longer for the bytes."""
    response.content = compress_string(response.content, max_random_bytes=RANDOM_BYTES)
    response["Content-Length"] = str(len(response.content))
    response["Content-Encoding"] = "gzip"
    tag = response.headers.get("ETag", "")
    if tag.startswith('"'):
        response["ETag"] = f"W/{tag}"
