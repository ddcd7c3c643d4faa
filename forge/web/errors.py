"""Refusals as pages: one map from ForgeError to HTTP for everything in a browser."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from forge.errors import Conflict, Forbidden, ForgeError, Gone, Invalid, NotFound

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_STATUS: dict[type[ForgeError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Invalid: 422, Gone: 410}
_TITLES = {
    400: "This request cannot be read",
    403: "You may not do this",
    404: "There is nothing here",
    409: "That cannot be done now",
    410: "This has been deleted",
    422: "That is not quite right",
    500: "Forge failed",
}
_NOT_FOUND = "It does not exist, or you may not see it."
#: Machine doors: what has no route there is answered as JSON; the first has a dialect of its own.
_V1 = "/api/v1/"
_MACHINES = ("/api/", "/_apis/", "/twirp/")


def page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view whose refusals become pages."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ForgeError as error:
            return refusal(request, error)

    return cast("View[P]", shown)


def refusal(request: HttpRequest, error: ForgeError) -> HttpResponse:
    """The page for a refusal: what, where and what to do."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    message = _NOT_FOUND if isinstance(error, NotFound) and error.message == "Not Found" else error.message
    details = (
        [found.message or f"{found.field}: {found.code}" for found in error.errors]
        if isinstance(error, Invalid)
        else []
    )
    return _answer(request, status, message, details)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Nothing has this address."""
    return _answer(request, 404, _NOT_FOUND)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Refused before a view was reached."""
    return _answer(request, 403, "You may not do this.")


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: from another site, or from a page that was open for very long."""
    return _answer(
        request, 403, "This form has expired, or it came from another site. Go back, reload the page and send it again."
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The request itself is wrong."""
    return _answer(request, 400, "The browser sent something that the server cannot read. Go back and try again.")


def failed(request: HttpRequest) -> HttpResponse:
    """Our own fault; the id is in the server's log beside the trace."""
    number = secrets.token_hex(6)
    request.META["forge.failure"] = number
    answer = _answer(
        request, 500, f"It is a fault of the server, not yours. Tell its administrator the number {number}."
    )
    answer["X-Request-Id"] = number  # for scripts, which say it where what they asked for would be
    return answer


def _answer(request: HttpRequest, status: int, message: str, details: list[str] | None = None) -> HttpResponse:
    if request.path.startswith(_MACHINES):
        said = "Not Found" if status == 404 else message
        v1 = request.path.startswith(_V1)
        return JsonResponse({"error": said} if v1 else {"message": said, "status": str(status)}, status=status)
    # Who is not logged in may be somebody who may; what was only asked for may be asked again.
    may_log_in = status in (403, 404) and not request.user.is_authenticated
    if may_log_in and message == _NOT_FOUND:
        message += " Log in if you have an account that may."
    context: dict[str, Any] = {
        "may_log_in": may_log_in,
        "retry": request.get_full_path() if status >= 500 and request.method in ("GET", "HEAD") else "",
        "status": status,
        "title": _TITLES.get(status, "Refused"),
        "message": message,
        "details": details,
    }
    if status == 500:  # whatever broke may be what the frame needs
        context["bare"] = True
    return render(request, "errors/error.html", context, status=status)
