"""However many calls are held, they share a few threads; every other call has one to itself."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async

from forge.api.body_limit import Message, Receive, Scope, Send
from forge.api.held import THREADS, HeldCalls, shares


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/runners/poll", THREADS),
        ("/api/v1/jobs/7/steps", THREADS),
        ("/a/b/actions/runs/1/events", THREADS),
        ("/api/v3/user", 40),
    ],
)
async def test_threads_of_forty_calls_at_once(path: str, most: int) -> None:
    threads: set[int] = set()
    arrived, leave = asyncio.Semaphore(0), asyncio.Event()

    async def django(scope: Scope, receive: Receive, send: Send) -> None:
        async with ThreadSensitiveContext():  # as Django's own handler begins
            threads.add(await sync_to_async(threading.get_ident)())
            arrived.release()
            await leave.wait()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    application = HeldCalls(django)
    calls = [asyncio.create_task(application({"type": "http", "path": path}, receive, send)) for _ in range(40)]
    for _ in calls:
        await arrived.acquire()
    assert len(threads) == most
    leave.set()
    await asyncio.gather(*calls)


@pytest.mark.parametrize("path", ["/alice/events/actions", "/api/v1/jobs/1/cancel", "/api/v1/runners/poll/x"])
def test_other_calls_share_nothing(path: str) -> None:
    assert not shares(path)
