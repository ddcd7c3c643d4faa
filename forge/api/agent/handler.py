"""The way to the doors of the runner protocol, shorter than that to a page.

A runner shows a credential and has no session, cookies or messages, so that the middleware for them would only cost
its dozen changes of threads; and a synchronous view runs in the pool of ``forge.threads`` rather than in a new thread.
Django does all the rest.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from forge.api.body_limit import App, Receive, Scope, Send
from forge.api.middleware import ApiAnswers
from forge.threads import run_sync

_DOORS = re.compile(r"/api/v1/(?:runners/[a-z]+|jobs/\d+/(?:cancel-check|steps|log|status))")


class AgentDoors:
    """An ASGI application in front of Django: what is for the doors goes the short way."""

    def __init__(self, inner: App) -> None:
        self.inner = inner
        self._handler = cast(App, DoorHandler())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the way."""
        if scope["type"] == "http" and is_door(scope["path"]):
            await self._handler(scope, receive, send)
        else:
            await self.inner(scope, receive, send)


class DoorHandler(ASGIHandler):
    """Django's handler with the middleware of API answers alone."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Nothing of the list in the settings is for a door."""
        handler: Any = self  # the stubs know nothing of how a handler is put together
        handler._view_middleware, handler._template_response_middleware, handler._exception_middleware = [], [], []
        answered = ApiAnswers(convert_exception_to_response(handler._get_response_async))
        handler._middleware_chain = convert_exception_to_response(answered)

    async def read_body(self, receive: Receive) -> io.BytesIO:  # type: ignore[override]
        """The body, in memory: it is a batch of log at most (``BodyLimit``), and read at once."""
        pieces: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        return io.BytesIO(b"".join(pieces))  # grown piece by piece, a large one would be copied again and again

    def resolve_request(self, request: HttpRequest) -> Any:
        """The view, which the pool runs where it is synchronous, and its arguments."""
        view, args, kwargs = super().resolve_request(request)
        return (view if iscoroutinefunction(view) else _in_the_pool(view)), args, kwargs


def is_door(path: str) -> bool:
    """True for the doors of the runner protocol."""
    return _DOORS.fullmatch(path) is not None


def _in_the_pool(view: Callable[..., HttpResponseBase]) -> Callable[..., Awaitable[HttpResponseBase]]:
    @functools.wraps(view)
    async def run(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return await run_sync(view, *args, **kwargs)

    return run
