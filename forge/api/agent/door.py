"""What every door of the runner protocol does: read the credential and the message, say errors one way.

Errors are ``{"error", "code"}``; the runner acts upon the code. A fault of the database is 503, so that
the runner asks again.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from forge import storable
from forge.actions import assignment
from forge.actions.models import Claim
from forge.actions.refusals import BadCredential, TooManyWrong, WrongOffset
from forge.errors import Conflict, Forbidden, ForgeError, Gone, Invalid, NotFound
from forge.runners import registration
from forge.runners.models import Runner
from workflows.errors import InvalidMessage
from workflows.messages import from_wire, to_wire

log = logging.getLogger(__name__)

Message = TypeVar("Message")
View = Callable[..., HttpResponseBase]
AsyncView = Callable[..., Awaitable[HttpResponseBase]]

_STATUS: list[tuple[type[Exception], int, str]] = [
    (BadCredential, 401, "bad_credential"),
    (TooManyWrong, 429, "too_many"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
    (Gone, 410, "gone"),
    (Invalid, 422, "invalid"),
    (InvalidMessage, 400, "bad_message"),
    (RequestDataTooBig, 413, "too_large"),
    (UnreadablePostError, 400, "bad_message"),
    (RawPostDataException, 400, "bad_message"),
    (OperationalError, 503, "unavailable"),
    (InterfaceError, 503, "unavailable"),
]


def door(method: str) -> Callable[[View], View]:
    """A view of the protocol: one method, no cookies, errors in its own shape."""

    def wrap(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != method:
                return _wrong_method(method)
            try:
                return view(request, *args, **kwargs)
            except Exception as error:
                return refusal(error)

        return opened

    return wrap


def held_door(method: str) -> Callable[[AsyncView], AsyncView]:
    """The same for an async view."""

    def wrap(view: AsyncView) -> AsyncView:
        @csrf_exempt
        @functools.wraps(view)
        async def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != method:
                return _wrong_method(method)
            try:
                return await view(request, *args, **kwargs)
            except Exception as error:
                return refusal(error)

        return opened

    return wrap


def refusal(error: Exception) -> JsonResponse:
    """An error as the protocol says it; what is a fault of ours is raised again."""
    known_as = next((one for one in _STATUS if isinstance(error, one[0])), None)
    if known_as is None:
        raise error
    _, status, code = known_as
    if status == 503:
        log.warning("the database did not answer a runner", exc_info=error)
    known = isinstance(error, ForgeError | InvalidMessage)
    body: dict[str, Any] = {"error": str(error) if known else code, "code": getattr(error, "code", code)}
    if isinstance(error, WrongOffset):
        body["next"] = error.wanted
    wait = error.wait if isinstance(error, TooManyWrong) else 1
    return JsonResponse(body, status=status, headers={"Retry-After": str(wait)} if status in (429, 503) else None)


def message(request: HttpRequest, kind: type[Message]) -> Message:
    """The body as a message; InvalidMessage names what is wrong. Text comes as databases take it."""
    try:
        data = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"The body is no JSON: {error}") from None
    return from_wire(kind, storable.data(data))


def answer(value: Any) -> JsonResponse:
    """200 with a message."""
    return JsonResponse(to_wire(value))


def nothing() -> HttpResponse:
    """204."""
    return HttpResponse(status=204)


def bearer(request: HttpRequest) -> str:
    """The credential; BadCredential when there is none."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise BadCredential("Show a credential: Authorization: Bearer …")
    return text.strip()


def runner_of(text: str) -> Runner:
    """The runner with this credential; BadCredential when there is none (any more)."""
    try:
        return registration.by_credential(text)
    except NotFound as error:
        raise BadCredential(error.message) from None


def claim_of(request: HttpRequest, job_id: int) -> Claim:
    """The claim that the lease token opens at this job's door."""
    return assignment.lease_claim(bearer(request), job_id)


def _wrong_method(method: str) -> JsonResponse:
    return JsonResponse({"error": f"Use {method}", "code": "method"}, status=405, headers={"Allow": method})
