"""The headers of every page: no inline code or style can run or be needed."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from django.http import HttpRequest, HttpResponseBase

from forge.web.afterwards import Afterwards

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
STATIC = Path(__file__).resolve().parent / "static"


class PolicyMiddleware(Afterwards):
    """Sets the content security policy on every answer that has none of its own."""

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Add the headers."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "interest-cohort=()")


@cache
def version(name: str) -> str:
    """A short hash of a static file's bytes, so that a new one is never hidden by an old copy."""
    plain = name[:]  # templates give a subclass of str, which paths refuse
    return sha256((STATIC / plain).read_bytes()).hexdigest()[:8]
