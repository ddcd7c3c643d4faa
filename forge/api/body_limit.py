"""How long a request's body may be, by route, decided before anything of it is kept.

An ASGI server hands bodies on as they come and Django writes them to disk before a view is asked; so the
limit stands in front of Django. Only who shows a credential may send a whole pack.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from forge.api import errors

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyLimit:
    """An ASGI application in front of another: 413 for a body that is too long, said or sent."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is within the limit."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        limit = limit_of(scope["path"], dict(scope["headers"]))
        if _announced(dict(scope["headers"])) > limit:
            await _refuse(scope["path"], limit, send)
            return
        guard = _Guard(receive, send, limit)
        await self.inner(scope, guard.receive, guard.send)
        if guard.exceeded and not guard.answered:
            await _refuse(scope["path"], limit, send)


class _Guard:
    """Counts what comes in; past the limit it tells Django that the client has gone."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._left = receive, send, limit
        self.exceeded = self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.exceeded = True
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        self.answered = True
        await self._send(message)


def limit_of(path: str, headers: dict[bytes, bytes]) -> int:
    """Bytes that a body may have on this route."""
    pushes = path.endswith("/git-receive-pack") and b"authorization" in headers
    return settings.PUSH_LIMIT_BYTES if pushes else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _announced(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(path: str, limit: int, send: Send) -> None:
    text = f"The body is too large: {limit} bytes at most"
    if path.startswith("/api/"):
        shown = {"error": text} if path.startswith("/api/v1/") else errors.github_body(413, text)
        body, kind = json.dumps(shown).encode(), b"application/json; charset=utf-8"
    else:
        body, kind = text.encode() + b"\n", b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
