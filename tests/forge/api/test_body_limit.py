"""Bodies that are too long are refused before anything of them is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import override_settings

from forge.api.body_limit import BodyLimit, Message, Receive, Scope, Send

PUSH = "/a/b/git-receive-pack"
TOKEN = (b"authorization", b"token x")


async def ask(path: str, headers: Iterable[tuple[bytes, bytes]], *pieces: bytes) -> tuple[int, int]:
    """Send the pieces; (status, bytes that the application got)."""
    seen, sent = 0, []
    left = list(pieces)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            seen += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "path": path, "headers": list(headers)}
    await BodyLimit(application)(scope, receive, send)
    return sent[0]["status"], seen


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10, PUSH_LIMIT_BYTES=100)
@pytest.mark.parametrize(
    ("path", "headers", "pieces", "status"),
    [
        ("/api/v3/user/repos", [], [b"x" * 10], 200),
        ("/api/v3/user/repos", [], [b"x" * 11], 413),
        ("/api/v3/user/repos", [], [b"x" * 6, b"x" * 6], 413),
        ("/api/v3/user/repos", [(b"content-length", b"11")], [b""], 413),
        ("/api/v3/user/repos", [(b"content-length", b"nonsense")], [b"x"], 200),
        (PUSH, [TOKEN], [b"x" * 60, b"x" * 40], 200),
        (PUSH, [TOKEN], [b"x" * 60, b"x" * 41], 413),
        (PUSH, [], [b"x" * 60], 413),
    ],
)
async def test_the_limit_holds(path: str, headers: list[tuple[bytes, bytes]], pieces: list[bytes], status: int) -> None:
    answered, seen = await ask(path, headers, *pieces)

    assert answered == status
    assert seen <= 100 if path == PUSH else seen <= 10
