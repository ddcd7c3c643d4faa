"""How streams look into the database: short calls in a few threads, each giving its connection back."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

_pool = ThreadPoolExecutor(4, thread_name_prefix="forge-stream")


async def run_sync(func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous function in the pool. A cancelled caller does not stop it; it ends by itself."""
    context = contextvars.copy_context()
    call = functools.partial(context.run, _guarded, functools.partial(func, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def _guarded(call: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()
