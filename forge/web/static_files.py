"""Static files served by the server itself, without holding a thread for every held call.

WhiteNoise's own middleware is synchronous: between an ASGI server and an async view it would pin one
thread for as long as the view waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, sync and async."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """A file where the path names one, else what the next in line answers."""
        file = self.find_file(request.path_info) if self.autorefresh else self.files.get(request.path_info)
        if file is None:
            return cast("HttpResponseBase | Awaitable[HttpResponseBase]", self.get_response(request))
        served = self._whole(file, request)
        return _at_once(served) if self._async else served

    @staticmethod
    def _whole(file: Any, request: HttpRequest) -> HttpResponse:
        """The file in memory: they are small, and an async server can only stream what is async."""
        known = request.META.get("HTTP_IF_NONE_MATCH")  # WhiteNoise compares byte for byte; packed, a tag is weak
        asked = {**request.META, "HTTP_IF_NONE_MATCH": known.removeprefix("W/")} if known else request.META
        answer = file.get_response(request.method, asked)
        with answer.file or _NOTHING as source:
            response = HttpResponse(source.read(), status=int(answer.status))
        del response["Content-Type"]
        for name, value in answer.headers:
            response[name] = value
        return response


class _Nothing:
    """The body of a 304."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> bytes:
        return b""


_NOTHING = _Nothing()


async def _at_once(response: HttpResponse) -> HttpResponse:
    return response
