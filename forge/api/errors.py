"""Every refusal to JSON and HTTP, once: GitHub's shape, v1's, and the runner protocol's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from forge.accounts.actor import ANONYMOUS
from forge.api.authentication import CHALLENGE, TooManyWrong
from forge.errors import Conflict, FieldError, Forbidden, ForgeError, Gone, Invalid, NotFound

DOCUMENTATION = "https://docs.github.com/rest"
_STATUS: dict[type[ForgeError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422, Gone: 410}

#: What a refusal comes down to: status, message, details of fields, headers.
Refusal = tuple[int, str, list[dict[str, str]], dict[str, str]]


def status_of(error: ForgeError) -> int:
    """The HTTP status of one of our own refusals."""
    return next((number for kind, number in _STATUS.items() if isinstance(error, kind)), 400)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler of ``/api/v3``: GitHub's error shape. None: a fault of ours, a 500."""
    return _answer(error, context, lambda status, message, errors: github_body(status, message, errors))


def handle_v1(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The same for ``/api/v1``: ``{"error": text}``."""
    return _answer(error, context, lambda status, message, errors: {"error": message})


def github_body(status: int, message: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """An error body as GitHub writes it; ``errors`` only where there are any."""
    body: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
    return {**body, "errors": errors} if errors else body


def plain(request: HttpRequest, status: int, message: str) -> JsonResponse:
    """An error outside of any view, in the words of the door that was knocked at."""
    v1 = request.path_info.startswith("/api/v1")
    return JsonResponse({"error": message} if v1 else github_body(status, message), status=status)


def refusal(error: Exception, *, anonymous: bool) -> Refusal | None:
    """What an exception means to the asker; None when it is a fault of ours."""
    if isinstance(error, ForgeError):
        return _ours(error, anonymous=anonymous)
    if isinstance(error, Http404):
        return 404, "Not Found", [], {}
    if isinstance(error, PermissionDenied):
        return 403, "Forbidden", [], {}
    if isinstance(error, RequestDataTooBig):
        return 413, "The body is too large", [], {}
    if isinstance(error, exceptions.ValidationError):
        return 422, "Validation Failed", _fields(error.detail), {}
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def _ours(error: ForgeError, *, anonymous: bool) -> Refusal:
    if isinstance(error, Forbidden):
        if anonymous:  # whoever shows a credential may well be allowed
            return 401, "Requires authentication", [], {"WWW-Authenticate": CHALLENGE}
        return 403, error.message, [], {"X-Accepted-OAuth-Scopes": ", ".join(error.accepted_scopes)}
    errors = [_field(one) for one in error.errors] if isinstance(error, Invalid) else []
    return status_of(error), error.message, errors, {}


def _of_framework(error: exceptions.APIException) -> Refusal:
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or 1))
        limit = "API rate limit exceeded. Wait until X-RateLimit-Reset, or use a token."
        return 429, str(error.detail) if isinstance(error, TooManyWrong) else limit, [], headers
    message = error.detail if isinstance(error.detail, str) else "Invalid request"
    return error.status_code, str(message), [], headers


def _answer(
    error: Exception,
    context: Mapping[str, Any],
    body: Callable[[int, str, list[dict[str, str]]], dict[str, Any]],
) -> Response | None:
    request = context["request"]
    anonymous = getattr(request._request, "actor", ANONYMOUS).is_anonymous
    found = refusal(error, anonymous=anonymous)
    if found is None:
        return None
    status, message, errors, headers = found
    return Response(body(status, message, errors), status=status, headers=headers)


def _field(one: FieldError) -> dict[str, str]:
    shown = {"resource": one.resource, "field": one.field, "code": one.code}
    return {**shown, "message": one.message} if one.message else shown


def _fields(detail: Any, field: str = "") -> list[dict[str, str]]:
    """A serializer's findings, flat: every field with its words."""
    if isinstance(detail, Mapping):
        return [one for key, inner in detail.items() for one in _fields(inner, str(key))]
    if isinstance(detail, list):
        return [one for inner in detail for one in _fields(inner, field)]
    code = "missing_field" if getattr(detail, "code", "") == "required" else "invalid"
    return [{"resource": "Request", "field": field, "code": code, "message": str(detail)}]
