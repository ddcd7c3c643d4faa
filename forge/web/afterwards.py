"""Middleware that does something to what the next in line answers; it is the same for sync and async servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase


class Afterwards:
    """The base of such middleware, which says in ``finish`` what it does."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The answer of the next in line, finished."""
        answer = self.get_response(request)
        if not isinstance(answer, HttpResponseBase):
            return self._later(request, answer)
        self.finish(request, answer)
        return answer

    async def _later(self, request: HttpRequest, answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        response = await answer
        await self.finish_async(request, response)
        return response

    def finish(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Change the answer in its place."""
        raise NotImplementedError

    async def finish_async(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """The same on an async server, whose other requests wait meanwhile: what takes long goes to a thread."""
        self.finish(request, response)
