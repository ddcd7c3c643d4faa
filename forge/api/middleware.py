"""What every API answer carries besides its body, and what is refused before any view sees it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from forge.api import conditional, errors, throttling

#: The version of GitHub Enterprise Server whose API this is.
ENTERPRISE_VERSION = "3.21.0"
DEFAULT_API_VERSION = "2022-11-28"
#: The versions of the API that a client may ask for, oldest first.
API_VERSIONS = (DEFAULT_API_VERSION, "2026-03-10")
Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class ApiAnswers:
    """Headers, ETag and 304 of ``/api/v3`` and ``/api/graphql``; ``no-store`` of ``/api/v1``. Works sync and async,
    and touches nothing that could block, so that a held call holds no thread."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Refuse what no database could take, ask the view, finish its answer."""
        if self._async:
            return self._later(request)
        refused = _refused(request)
        return finish(request, refused or cast(HttpResponseBase, self.get_response(request)))

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        refused = _refused(request)
        return finish(request, refused or await cast("Awaitable[HttpResponseBase]", self.get_response(request)))


def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Put the door's headers on an answer; a 304 in its place when the client has it already."""
    if request.path_info.startswith("/api/v1"):
        response.headers.setdefault("Cache-Control", "no-store")
        _scopes(request, response)
    if not request.path_info.startswith(("/api/v3", "/api/graphql")):
        return response
    _scopes(request, response)
    _rate(request, response)
    response["X-GitHub-Request-Id"] = str(uuid.uuid4()).upper()
    response["X-GitHub-Media-Type"] = "github.v3; format=json"
    response["X-GitHub-Enterprise-Version"] = ENTERPRISE_VERSION
    response["X-GitHub-Api-Version-Selected"] = api_version(request)
    patch_vary_headers(response, ("Accept", "Authorization", "Cookie"))
    if conditional.applies(request, response):
        return _conditional(request, cast(HttpResponse, response))
    return response


def api_version(request: HttpRequest) -> str:
    """The version of the API that the client wants, a date; the oldest one when it does not say."""
    asked = request.headers.get("X-GitHub-Api-Version", "").strip()
    return asked if asked in API_VERSIONS else DEFAULT_API_VERSION


def _refused(request: HttpRequest) -> HttpResponse | None:
    """NUL stands in no name, and PostgreSQL fails on it; a version that is none of ours would be a guess."""
    if "\0" in request.path_info:
        return errors.plain(request, 404, "Not Found")
    if "%00" in request.META.get("QUERY_STRING", ""):
        return errors.plain(request, 400, "A query parameter holds a NUL character")
    asked = request.headers.get("X-GitHub-Api-Version", "").strip()
    if asked and asked not in API_VERSIONS and request.path_info.startswith("/api/v3"):
        known = ", ".join(f'"{one}"' for one in API_VERSIONS)
        return errors.plain(
            request, 400, f'X-GitHub-Api-Version: "{asked}" is not a supported version; these are: {known}'
        )
    return None


def _scopes(request: HttpRequest, response: HttpResponseBase) -> None:
    actor = getattr(request, "actor", None)
    if actor is not None and actor.kind == "token":
        response["X-OAuth-Scopes"] = ", ".join(sorted(actor.scopes or ()))


def _rate(request: HttpRequest, response: HttpResponseBase) -> None:
    rate: throttling.Rate | None = getattr(request, "rate", None)
    if rate is None:
        return
    response["X-RateLimit-Limit"] = str(rate.limit)
    response["X-RateLimit-Remaining"] = str(rate.remaining)
    response["X-RateLimit-Used"] = str(min(rate.used, rate.limit))
    response["X-RateLimit-Reset"] = str(rate.reset)
    response["X-RateLimit-Resource"] = "graphql" if request.path_info.startswith("/api/graphql") else "core"


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    response.headers.setdefault("Cache-Control", conditional.CACHING)
    return conditional.not_modified(response) if conditional.unchanged(request, response) else response
