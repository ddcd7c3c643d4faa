"""For an ASGI server: everything. In the embedded mode the background work lives in this process too."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forge.settings")
_django = get_asgi_application()

from django.conf import settings  # noqa: E402 - the lines above choose the settings and load the apps

from forge.api.agent import pulse  # noqa: E402 - the same
from forge.api.agent.handler import AgentDoors  # noqa: E402 - the same
from forge.api.body_limit import App, BodyLimit, Receive, Scope, Send  # noqa: E402 - the same
from forge.api.held import HeldCalls  # noqa: E402 - the same


class AlreadyServed(RuntimeError):
    """Another process serves this data folder in the embedded mode, which is for one process only."""


class Lifespan:
    """Starts the beat of the agent door, and embedded worker and beat, with the server; stops them with it."""

    def __init__(self, inner: App) -> None:
        self.inner = inner
        self._lock: IO[Any] | None = None
        self._stop: Callable[[], None] | None = None
        self._still: Callable[[], None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the server's start and end; requests go on to Django."""
        if scope["type"] != "lifespan":
            await self.inner(scope, receive, send)
            return
        await receive()
        try:
            await asyncio.to_thread(self._start)
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._end)
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        if settings.EMBEDDED:
            self._lock = _only_one(Path(settings.DATA))
        from forge import celery  # here: with several processes this import is what lets them send tasks

        self._still = pulse.start()
        if not settings.EMBEDDED:
            return
        self._stop = celery.start_embedded()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop()
        if self._still is not None:
            self._still()
        if self._lock is not None:
            self._lock.close()


def _only_one(data: Path) -> IO[Any]:
    """Hold the data folder. The in-process queue and wake-ups reach one process; a second would run blind."""
    data.mkdir(parents=True, exist_ok=True)
    lock = open(data / "embedded.lock", "w")  # noqa: SIM115 - held for as long as the server lives
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise AlreadyServed(
            f"Another process serves {data} already. Stop it, or set FORGE_REDIS_URL to run several."
        ) from error
    return lock


application = Lifespan(BodyLimit(HeldCalls(AgentDoors(cast("App", _django)))))
