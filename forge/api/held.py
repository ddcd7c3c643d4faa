"""Held calls and the runners' doors share a few threads for the synchronous parts of Django around them.

Django under ASGI gives each request a thread of its own as soon as anything synchronous runs for it (the
middleware's first half), and keeps it until the answer has ended. A thousand runners that wait would be a
thousand idle threads. What runs there for a held call is short and touches no database: its view looks
into the database through ``threads.run_sync``. The same holds for the runners' other calls, which are
short and many, and for which a new thread each would be most of the work.
"""

from __future__ import annotations

from itertools import cycle

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from forge.api.agent.handler import is_door
from forge.api.body_limit import App, Receive, Scope, Send

THREADS = 4
_ENDING = "/events"


class HeldCalls:
    """An ASGI application in front of Django: runners' calls and live streams share ``THREADS`` threads."""

    def __init__(self, inner: App) -> None:
        self.inner = inner
        self._contexts = cycle([ThreadSensitiveContext() for _ in range(THREADS)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose one of the shared threads; Django makes none of its own where one is chosen."""
        if scope["type"] == "http" and shares(scope["path"]):
            SyncToAsync.thread_sensitive_context.set(next(self._contexts))
        await self.inner(scope, receive, send)


def shares(path: str) -> bool:
    """True for the doors of runners, whose polls are held, and for streams."""
    return is_door(path) or path.endswith(_ENDING)
