"""Answers that the client has already: an ETag on every GET, 304 when the client names it, and no charge for that."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from forge.accounts.actor import ANONYMOUS
from forge.api import throttling

#: How long GitHub lets clients keep an answer.
CACHING = "private, max-age=60, s-maxage=60"
_DROPPED = ("content-type", "content-length")


def applies(request: HttpRequest, response: HttpResponseBase) -> bool:
    """True for whole answers to a question."""
    asks = request.method in ("GET", "HEAD")
    return asks and response.status_code == 200 and isinstance(response, HttpResponse)


def unchanged(request: HttpRequest, response: HttpResponse) -> bool:
    """Tag a rendered answer, and tell whether the client has it already."""
    if not response.has_header("ETag"):
        response["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()}"'
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    return response["ETag"].removeprefix("W/") in known or "*" in known


def not_modified(response: HttpResponse) -> HttpResponseNotModified:
    """The 304 in place of an answer."""
    short = HttpResponseNotModified()
    for name, value in response.headers.items():
        if name.lower() not in _DROPPED:
            short[name] = value
    return short


def give_back(request: HttpRequest, response: HttpResponse) -> None:
    """Take back what the limit counted for a request whose answer is a 304; only who shows a credential gets
    it back, as on GitHub. To be called once the answer is rendered, where a cache may be asked."""
    actor = getattr(request, "actor", ANONYMOUS)
    counted = getattr(request, "rate", None) is not None and not actor.is_anonymous
    if counted and applies(request, response) and unchanged(request, response):
        request.rate = throttling.give_back(actor, request)  # type: ignore[attr-defined]  # for the headers
