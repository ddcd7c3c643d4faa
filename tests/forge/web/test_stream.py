"""Live streams: cursors, batches, ends, and viewers that go away."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connection
from django.test import AsyncClient

from forge import threads
from forge.accounts.models import Account
from forge.actions import wakeup
from forge.actions.models import Job, JobLog, LogChunk, Run, RunEvent
from forge.repos.models import Repository
from forge.web import stream
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

Event = tuple[str, str, Any]


def _happened(run: Run, *names: str) -> None:
    """Write events as the engine does."""
    for name in names:
        run.last_event += 1
        RunEvent.objects.create(run=run, sequence=run.last_event, data={"kind": name})
    run.save()
    wakeup.run_changed(run.pk, run.repository_id)


def _printed(job: Job, text: str) -> None:
    """Write log bytes as the engine does."""
    log, _ = JobLog.objects.get_or_create(job=job, defaults={"epoch": 1})
    data = "".join(f"2026-01-15T12:00:01.0000000Z {line}" for line in text.splitlines(keepends=True)).encode()
    LogChunk.objects.create(job=job, epoch=1, offset=log.length, data=data)
    log.length += len(data)
    log.save()
    wakeup.log_grew(job.pk)


def _ended(run: Run, job: Job) -> None:
    ended = {"status": "completed", "conclusion": "success"}
    Job.objects.filter(pk=job.pk).update(**ended)
    run.attempts.update(**ended)
    _happened(run, "end")


def _made() -> tuple[Run, Job]:
    repository: Repository = factories.repository(factories.account("rosa"), "widget")
    run = factories.run(factories.workflow(repository), status="in_progress")
    job = factories.job(run.latest_attempt, "test", status="in_progress", epoch=1)
    factories.step(job, 1, "First", status="in_progress", log_start=0)
    return run, job


def _address(run: Run, job: Job | None = None) -> str:
    return f"/rosa/widget/actions/runs/{run.pk}" + (f"/job/{job.pk}" if job else "") + "/events"


async def _events(answer: Any) -> AsyncIterator[Event]:
    """(name, id, data) of each event as it comes."""
    rest = ""
    async for piece in answer.streaming_content:
        rest += piece.decode()
        while "\n\n" in rest:
            block, rest = rest.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "event" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])


async def _rest(answer: Any) -> list[Event]:
    return [event async for event in _events(answer)]


async def test_a_run_is_told_from_the_cursor_to_the_end() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_happened)(run, "a", "b", "c")
    answer = await AsyncClient().get(_address(run) + "?cursor=1")
    assert answer["X-Accel-Buffering"] == "no"
    assert answer["Cache-Control"] == "no-store"
    events = _events(answer)
    assert await anext(events) == ("state", "2", {"kind": "b"})
    assert await anext(events) == ("state", "3", {"kind": "c"})
    waiting = asyncio.ensure_future(anext(events))
    await sync_to_async(_ended)(run, job)
    assert await waiting == ("state", "4", {"kind": "end"})
    assert [event async for event in events] == [("end", "", {})]


async def test_after_the_end_there_is_nothing_to_reconnect_to() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_ended)(run, job)
    again = await AsyncClient().get(_address(run), headers={"Last-Event-ID": "1"})
    assert again.status_code == 204
    behind = await AsyncClient().get(_address(run), headers={"Last-Event-ID": "0"})
    assert [event[0] for event in await _rest(behind)] == ["state", "end"]


async def test_a_cursor_from_the_future_is_told_to_fetch_again() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_ended)(run, job)
    answer = await AsyncClient().get(_address(run) + "?cursor=99")
    assert [event[:2] for event in await _rest(answer)] == [("resync", "1"), ("end", "")]


async def test_a_log_is_told_line_by_line_from_any_offset() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_printed)(job, "one\ntwo\n")
    await sync_to_async(_printed)(job, "th")
    answer = await AsyncClient().get(_address(run, job) + "?cursor=0-0")
    events = _events(answer)
    name, cursor, data = await anext(events)
    assert (name, data["step"], data["from"], [text for _, text in data["lines"]]) == ("lines", 1, 0, ["one", "two"])
    assert data["lines"][0][0] == 1768478401000
    await events.aclose()
    await sync_to_async(
        lambda: LogChunk.objects.create(job=job, epoch=1, offset=JobLog.objects.get().length, data=b"ree\n")
    )()
    await sync_to_async(lambda: JobLog.objects.update(length=JobLog.objects.get().length + 4))()
    await sync_to_async(_ended)(run, job)
    rest = await _rest(await AsyncClient().get(_address(run, job), headers={"Last-Event-ID": cursor}))
    told = [event[2] for event in rest if event[0] == "lines"]
    assert [(one["from"], [text for _, text in one["lines"]]) for one in told] == [(2, ["three"])]
    assert rest[-1][0] == "end"


async def test_lines_go_to_their_steps() -> None:
    run, job = await sync_to_async(_made)()

    def two_steps() -> None:
        _printed(job, "a\nb\n")
        half = JobLog.objects.get().length
        job.steps.update(log_end=half)
        factories.step(job, 2, "Second", status="in_progress", log_start=half)
        _printed(job, "c\nlast")
        _ended(run, job)

    await sync_to_async(two_steps)()
    told = [
        event[2]
        for event in await _rest(await AsyncClient().get(_address(run, job) + "?cursor=0-0"))
        if event[0] == "lines"
    ]
    assert [(one["step"], one["from"], [text for _, text in one["lines"]]) for one in told] == [
        (1, 0, ["a", "b"]),
        (2, 0, ["c", "last"]),
    ]


async def test_lines_of_steps_beside_others_go_to_theirs() -> None:
    """A step may write later than one with a higher number, and one that runs may have no place yet."""
    run, job = await sync_to_async(_made)()

    def three_steps() -> None:
        _printed(job, "a\n")
        length = JobLog.objects.get().length
        job.steps.update(log_end=length)
        factories.step(job, 2, "Late", log_start=2 * length, log_end=3 * length)
        factories.step(job, 3, "Front", log_start=length, log_end=2 * length)
        factories.step(job, 4, "Held", status="in_progress")
        _printed(job, "f\nl\n")
        _ended(run, job)

    await sync_to_async(three_steps)()
    answer = await AsyncClient().get(_address(run, job) + "?cursor=0-0")
    told = [event[2] for event in await _rest(answer) if event[0] == "lines"]
    assert [(one["step"], one["from"], [text for _, text in one["lines"]]) for one in told] == [
        (1, 0, ["a"]),
        (3, 0, ["f"]),
        (2, 0, ["l"]),
    ]


async def test_lines_behind_the_last_step_wait_for_theirs() -> None:
    run, job = await sync_to_async(_made)()

    def printed() -> None:
        _printed(job, "a\n")
        job.steps.update(status="completed", conclusion="success", log_end=JobLog.objects.get().length)
        _printed(job, "b\n")

    await sync_to_async(printed)()
    events = _events(await AsyncClient().get(_address(run, job) + "?cursor=0-0"))
    name, cursor, data = await anext(events)
    assert (name, cursor, data["step"], [text for _, text in data["lines"]]) == ("lines", "0-31", 1, ["a"])

    def claimed() -> None:
        factories.step(job, 2, "Second", log_start=31, log_end=62)
        _happened(run, "step")

    await sync_to_async(claimed)()
    told = [await anext(events) for _ in range(2)]
    assert [name for name, _, _ in told] == ["state", "lines"]
    assert (told[1][2]["step"], [text for _, text in told[1][2]["lines"]]) == (2, ["b"])
    await events.aclose()


async def test_any_cut_of_the_stream_gives_the_same_lines() -> None:
    run, job = await sync_to_async(_made)()
    lines = [f"line {number}" for number in range(40)]
    for start in range(0, 40, 4):
        await sync_to_async(_printed)(job, "\n".join(lines[start : start + 4]) + "\n")
    drawn: list[str] = []
    cursor = "0-0"
    for _ in range(10):
        answer = await AsyncClient().get(_address(run, job), headers={"Last-Event-ID": cursor})
        events = _events(answer)
        if len(drawn) == len(lines):
            await events.aclose()
            break
        _, cursor, data = await anext(events)
        assert data["from"] == len(drawn)
        drawn += [text for _, text in data["lines"]]
        await events.aclose()
    assert drawn == lines


async def test_who_is_far_behind_fetches_pages() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_printed)(job, "x" * 2_000_000 + "\n")
    await sync_to_async(_ended)(run, job)
    answer = await AsyncClient().get(_address(run, job) + "?cursor=1-0")
    assert [event[0] for event in await _rest(answer)] == ["resync", "end"]


async def test_a_stranger_gets_nothing() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(lambda: Repository.objects.update(private=True))()
    assert (await AsyncClient().get(_address(run))).status_code == 404
    assert (await AsyncClient().get(_address(run, job))).status_code == 404
    client = AsyncClient()
    await client.aforce_login(await Account.objects.aget(login="rosa"))
    answer = await client.get(_address(run))
    assert answer.status_code == 200


async def test_a_viewer_who_leaves_is_forgotten() -> None:
    run, _ = await sync_to_async(_made)()
    await sync_to_async(_happened)(run, "a")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Without a limit for its shutdown the server waits for every stream: it ends only if this one did.
        server = uvicorn.Server(uvicorn.Config(get_asgi_application(), lifespan="off", log_level="error"))
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(f"GET {_address(run)}?cursor=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await reader.readuntil(b"event: state")
        assert _listening(run)
        writer.close()
        await writer.wait_closed()
        server.should_exit = True
        await asyncio.wait_for(serving, 10)
    assert not _listening(run)


def _listening(run: Run) -> bool:
    return f"run:{run.pk}" in wakeup._hub._by_topic


@dataclass
class Still:
    """A source of which nothing is heard; what it was asked is counted."""

    asked: Counter[str]
    topics: tuple[str, ...] = ("still",)
    period: float = 0.05
    now: Callable[[], int] = lambda: 0
    told: int = 0

    def mark(self) -> int:
        self.asked["mark"] += 1
        return self.now()

    def knows(self, mark: Hashable) -> bool:
        return mark == self.told

    def look(self) -> stream.Look:
        self.asked["look"] += 1
        before, self.told = self.told, self.now()
        return stream.Look((stream.Message("state", {}, "1"),) if before != self.told else ())


async def _pings(source: Still, count: int) -> None:
    seen = 0
    async for piece in stream.events(source):
        seen += piece == b": ping\n\n"
        if seen == count:
            return


async def test_all_who_watch_the_same_ask_once_whether_they_missed_something() -> None:
    asked: Counter[str] = Counter()
    await asyncio.gather(*(_pings(Still(asked), 4) for _ in range(100)))
    assert asked["look"] == 100  # each when it begins
    assert 1 <= asked["mark"] <= 20  # a hundred times four pings


async def test_what_was_missed_is_told_though_nothing_woke_the_stream() -> None:
    asked: Counter[str] = Counter()
    later = iter((0, 0, 1))
    source = Still(asked, topics=("missed",), now=lambda: next(later, 1))
    async for piece in stream.events(source):
        if piece.startswith(b"id: 1\nevent: state"):
            break
    assert asked == {"look": 2, "mark": 2}


async def test_marks_say_what_has_changed() -> None:
    run, job = await sync_to_async(_made)()
    await sync_to_async(_printed)(job, "one\n")
    sources = [
        stream.RunSource(run.pk, run.last_event),
        stream.JobSource(run.pk, job.pk, run.last_event, await sync_to_async(_length)(job)),
        stream.ListSource(run.repository_id),
    ]
    assert [source.knows(await sync_to_async(source.mark)()) for source in sources] == [True, True, True]
    assert [source.knows(await sync_to_async(source.mark)()) for source in sources] == [True, True, True]
    await sync_to_async(_happened)(run, "more")
    assert [source.knows(await sync_to_async(source.mark)()) for source in sources] == [False, False, False]
    of_job = stream.JobSource(run.pk, job.pk, run.last_event, await sync_to_async(_length)(job))
    await sync_to_async(_printed)(job, "two\n")
    assert not of_job.knows(await sync_to_async(of_job.mark)())


def _in_every_thread(call: Callable[[], object]) -> None:
    """Make a call in each thread that looks into the database for streams: they are all free, or this fails."""
    together = threading.Barrier(threads.THREADS)

    def once() -> None:
        together.wait(timeout=10)
        call()

    for one in [threads._pool.submit(once) for _ in range(threads.THREADS)]:
        one.result(timeout=20)


async def test_idle_viewers_ask_nothing_and_hold_no_thread() -> None:
    run, _ = await sync_to_async(_made)()
    asked: list[str] = []

    def counted(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    await asyncio.to_thread(_in_every_thread, lambda: connection.execute_wrappers.append(counted))
    try:
        answers = [await AsyncClient().get(_address(run)) for _ in range(20)]
        viewers = [_events(answer) for answer in answers]
        waiting = [asyncio.ensure_future(anext(viewer)) for viewer in viewers]
        await asyncio.sleep(0.5)  # for the first look of each
        assert len(wakeup._hub._by_topic[f"run:{run.pk}"]) == len(viewers)
        asked.clear()
        await asyncio.sleep(1)
        assert asked == []
        await asyncio.to_thread(_in_every_thread, lambda: None)
        await sync_to_async(_happened)(run, "a")
        assert await asyncio.gather(*waiting) == [("state", "1", {"kind": "a"})] * len(viewers)
        assert asked
        for viewer in viewers:
            await viewer.aclose()
    finally:
        await asyncio.to_thread(_in_every_thread, lambda: connection.execute_wrappers.remove(counted))


def _length(job: Job) -> int:
    return JobLog.objects.get(job=job).length
