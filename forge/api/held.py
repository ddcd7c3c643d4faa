"""Held calls share a few threads for the synchronous parts of Django around them.

Django under ASGI gives each request a thread of its own as soon as anything synchronous runs for it (the
middleware's first half), and keeps it until the answer has ended. A thousand runners that wait would be a
thousand idle threads. What runs there for a held call is short and touches no database: its view looks
into the database through ``threads.run_sync``.
"""

from __future__ import annotations

from itertools import cycle

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from forge.api.body_limit import App, Receive, Scope, Send

THREADS = 4
_PATH, _ENDING = "/api/v1/runners/poll", "/events"


class HeldCalls:
    """An ASGI application in front of Django: polls of runners and live streams share ``THREADS`` threads."""

    def __init__(self, inner: App) -> None:
        self.inner = inner
        self._contexts = cycle([ThreadSensitiveContext() for _ in range(THREADS)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose one of the shared threads; Django makes none of its own where one is chosen."""
        if scope["type"] == "http" and is_held(scope["path"]):
            SyncToAsync.thread_sensitive_context.set(next(self._contexts))
        await self.inner(scope, receive, send)


def is_held(path: str) -> bool:
    """True for calls that are answered when something happens, and for streams."""
    return path == _PATH or path.endswith(_ENDING)
