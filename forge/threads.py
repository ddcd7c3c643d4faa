"""The one way from async views to the database: a bounded pool of threads of our own.

Held calls and streams are async and number in the thousands; their short looks into the database share
these threads. Around each call a connection that went bad or too old is given up, as Django does around
a request.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest

P = ParamSpec("P")
T = TypeVar("T")

#: Enough for every database call of the held requests of one process; SQLite writes one at a time anyway.
THREADS = 8
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="forge-door")


async def run_sync(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous function, database calls and all, in the pool; its answer or its exception.

    A cancelled caller does not stop the function, which ends by itself. Never call it while holding one
    of the pool's threads (from inside ``func``).
    """
    context = contextvars.copy_context()
    call = functools.partial(context.run, guarded, functools.partial(func, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def guarded(call: Callable[[], T]) -> T:
    """Make a call in a thread that lives longer than it, and leave the thread's connections fit for the next."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


class Pulled:
    """Pieces of a long answer, each fetched in the pool when the server asks for it; closed with the answer, though
    nobody asked for one of them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> Pulled:
        return self

    async def __anext__(self) -> bytes:
        piece = await run_sync(next, self._pieces, None)
        if piece is None:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Let go of what they are read from."""
        if close := getattr(self._pieces, "close", None):
            close()


def sent(request: HttpRequest, pieces: Iterator[bytes]) -> Iterator[bytes] | Pulled:
    """The pieces as the server at hand sends them one by one: an asynchronous one would gather a plain iterator whole
    before the first byte."""
    return Pulled(pieces) if isinstance(request, ASGIRequest) else pieces
