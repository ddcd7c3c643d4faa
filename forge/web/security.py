"""The headers of every page: no inline code or style can run or be needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
STATIC = Path(__file__).resolve().parent / "static"


class PolicyMiddleware:
    """Sets the content security policy on every answer that has none of its own."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The answer of the next in line, with the policy."""
        answer = self.get_response(request)
        return protect(answer) if isinstance(answer, HttpResponseBase) else _later(answer)


async def _later(answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
    return protect(await answer)


def protect(response: HttpResponseBase) -> HttpResponseBase:
    """The same answer with the policy."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Permissions-Policy", "interest-cohort=()")
    return response


@cache
def version(name: str) -> str:
    """A short hash of a static file's bytes, so that a new one is never hidden by an old copy."""
    plain = name[:]  # templates give a subclass of str, which paths refuse
    return sha256((STATIC / plain).read_bytes()).hexdigest()[:8]
