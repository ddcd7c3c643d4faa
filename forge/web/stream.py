"""Live pages: server-sent events of a run, a job or a repository's list.

The cursor is the number of the run's last event, for a job with the log's offset behind it (``41-9000``),
so that ``Last-Event-ID`` alone resumes without gap or repeat. While nothing happens a stream holds no
database connection: it listens for wake-ups and looks when woken. Whether a wake-up was lost is asked now and then,
once for all who watch the same.

Events: ``state`` (what changed), ``lines`` (step, number of the first line, lines), ``resync`` (the page
must fetch again), ``end`` (nothing more will come; asked again, the answer is 204).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from forge.actions import logs, wakeup
from forge.actions.models import Job, JobLog, Run, Step
from forge.actions.queries import pages, runs
from forge.errors import ForgeError, NotFound
from forge.threads import run_sync
from forge.web import door, loglines
from forge.web.watching import Marks
from workflows.states import Status

PING_SECONDS = 15.0
BATCH_SECONDS = 0.1
#: Bytes of log read at once, and how far a reader may be behind before it is told to fetch pages instead.
READ = 1 << 18
BEHIND = 1 << 20


@dataclass(frozen=True)
class Message:
    """One event of the stream."""

    name: str
    data: dict[str, Any]
    cursor: str


@dataclass(frozen=True)
class Look:
    """What one look into the database found. ``more``: look again at once."""

    messages: tuple[Message, ...] = ()
    more: bool = False
    ended: bool = False


class Source(Protocol):
    """Something to stream; ``look`` is synchronous and goes forward only."""

    topics: tuple[str, ...]

    def look(self) -> Look:
        """What is new since the last look."""


@dataclass
class RunSource:
    """The events of a run's latest attempt."""

    run_id: int
    sequence: int
    topics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.topics = (f"run:{self.run_id}",)

    def mark(self) -> Hashable:
        """The number of its last event."""
        return Run.objects.values_list("last_event", flat=True).filter(pk=self.run_id).first()

    def knows(self, mark: Hashable) -> bool:
        """Told up to it."""
        return mark == self.sequence

    def look(self) -> Look:
        """New events; ended with the attempt."""
        run = Run.objects.select_related("latest_attempt").get(pk=self.run_id)
        if self.sequence > run.last_event:
            self.sequence = run.last_event
            return Look((Message("resync", {}, str(self.sequence)),), more=True)
        found = pages.events_after(self.run_id, self.sequence)
        messages = tuple(Message("state", event.data, str(event.sequence)) for event in found)
        self.sequence = found[-1].sequence if found else self.sequence
        ended = run.latest_attempt is None or run.latest_attempt.status == Status.COMPLETED
        return Look(messages, more=self.sequence < run.last_event, ended=ended and self.sequence >= run.last_event)


@dataclass
class JobSource:
    """The events of a job's run, and the job's log line by line."""

    run_id: int
    job_id: int
    sequence: int
    offset: int
    topics: tuple[str, ...] = ()
    numbers: dict[int, int] = field(default_factory=dict)  # step -> lines before the offset

    def __post_init__(self) -> None:
        self.topics = (f"run:{self.run_id}", f"job:{self.job_id}")

    def mark(self) -> Hashable:
        """The number of its run's last event, and the length of its log."""
        return Job.objects.values_list("run__last_event", "log__length").filter(pk=self.job_id).first()

    def knows(self, mark: Hashable) -> bool:
        """Told up to them."""
        return mark in ((self.sequence, self.offset), (self.sequence, None))

    def look(self) -> Look:
        """New events and lines; ended when the job has ended and its log is told."""
        run = Run.objects.only("last_event").get(pk=self.run_id)
        job = Job.objects.get(pk=self.job_id)
        log = JobLog.objects.filter(job=job).first()
        if self.sequence > run.last_event or self.offset > (log.length if log else 0):
            self.sequence, self.offset = run.last_event, log.length if log else 0
            self.numbers.clear()
            return Look((Message("resync", {}, self._cursor()),), more=True)
        messages = self._states()
        messages += self._lines(job, log, ended=job.status == Status.COMPLETED) if log else []
        behind = self.sequence < run.last_event or (log is not None and bool(messages) and self.offset < log.length)
        ended = job.status == Status.COMPLETED and (log is None or self.offset >= log.length)
        return Look(tuple(messages), more=behind, ended=ended and not behind)

    def _states(self) -> list[Message]:
        messages = []
        for event in pages.events_after(self.run_id, self.sequence):
            self.sequence = event.sequence
            messages.append(Message("state", event.data, self._cursor()))
        return messages

    def _lines(self, job: Job, log: JobLog, *, ended: bool) -> list[Message]:
        if log.length - self.offset > BEHIND:
            self.offset = log.length
            self.numbers.clear()
            return [Message("resync", {}, self._cursor())]
        data = b"".join(logs.read(job, self.offset, min(self.offset + READ, log.length), log))
        whole = len(data) if ended and self.offset + len(data) >= log.length else data.rfind(b"\n") + 1
        begun = (step for step in job.steps.all() if step.log_start is not None)
        steps = sorted(begun, key=lambda step: (step.log_start or 0, step.number))  # those beside others come later
        messages = []
        told = data[: whole if ended else min(whole, _claimed(steps, self.offset, whole))]
        for step, part in _by_step(told, self.offset, steps):
            first = self._number(job, step)
            lines = [loglines.told(time, text) for time, text in loglines.split(part)]
            self.numbers[step.number] = first + len(lines)
            self.offset += len(part)
            messages.append(Message("lines", {"step": step.number, "from": first, "lines": lines}, self._cursor()))
        return messages

    def _number(self, job: Job, step: Step) -> int:
        """How many lines of the step stand before the offset."""
        if step.number not in self.numbers:
            start = step.log_start or 0
            self.numbers[step.number] = logs.count_lines(job, start, self.offset) if self.offset > start else 0
        return self.numbers[step.number]

    def _cursor(self) -> str:
        return f"{self.sequence}-{self.offset}"


def _claimed(steps: list[Step], offset: int, size: int) -> int:
    """So many of these bytes can be told. What stands behind the end of the last step belongs to one whose runner has
    not said yet that it is there."""
    end = steps[-1].log_end if steps else None
    return size if end is None else max(end - offset, 0)


def _by_step(data: bytes, offset: int, steps: list[Step]) -> list[tuple[Step, bytes]]:
    """A stretch of the log cut at the beginnings of steps. What stands before the first belongs to it."""
    if not data or not steps:
        return []
    starts = [step.log_start or 0 for step in steps]
    parts = []
    for index, step in enumerate(steps):
        low = max((starts[index] if index else 0) - offset, 0)
        high = starts[index + 1] - offset if index + 1 < len(steps) else len(data)
        if data[low : max(high, low)]:
            parts.append((step, data[low:high]))
    return parts


class Moved:
    """A list: says only that something moved; the page fetches itself. ``mark`` is its own."""

    def __init__(self, *topics: str) -> None:
        self.topics = topics
        self.seen = False
        self.known: Hashable = None

    def mark(self) -> Hashable:
        """A cheap value that changes with the list."""
        raise NotImplementedError

    def knows(self, mark: Hashable) -> bool:
        """The first mark only begins."""
        before, self.known = self.known, mark
        return before in (None, mark)

    def look(self) -> Look:
        """The first look only begins."""
        if not self.seen:
            self.seen = True
            return Look()
        return Look((Message("state", {"kind": "runs"}, "0"),))


class ListSource(Moved):
    """A repository's runs."""

    def __init__(self, repository_id: int) -> None:
        super().__init__(f"repository:{repository_id}")
        self.repository_id = repository_id

    def mark(self) -> Hashable:
        """The newest runs and the numbers of their last events."""
        newest = Run.objects.filter(repository=self.repository_id).order_by("-id")
        return tuple(newest.values_list("id", "last_event")[: pages.PAGE])


async def run_events(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponseBase:
    """The stream of a run."""
    return await answer(request, lambda: _open_run(request, owner, name, run_id))


async def job_events(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponseBase:
    """The stream of a job."""
    return await answer(request, lambda: _open_job(request, owner, name, run_id, job_id))


async def list_events(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """The stream of the run list."""
    return await answer(request, lambda: ListSource(door.repository(request, owner, name).pk))


def _open_run(request: HttpRequest, owner: str, name: str, run_id: int) -> RunSource:
    run = runs.run(door.repository(request, owner, name), run_id)
    sequence, _ = _cursor(request)
    return RunSource(run.pk, run.last_event if sequence is None else sequence)


def _open_job(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> JobSource:
    repository = door.repository(request, owner, name)
    job = runs.job(repository, job_id)
    if job.run_id != run_id:
        raise NotFound
    sequence, offset = _cursor(request)
    if sequence is None:
        log = JobLog.objects.filter(job=job).first()
        sequence, offset = job.run.last_event, log.length if log else 0
    return JobSource(run_id, job.pk, sequence, offset)


def _cursor(request: HttpRequest) -> tuple[int | None, int]:
    """From ``Last-Event-ID``, else ``?cursor=``; None when there is none that can be read."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("cursor", "")
    sequence, _, offset = text.partition("-")
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) < 19):
        return None, 0
    return int(sequence), int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 19 else 0


async def answer(request: HttpRequest, begin: Callable[[], Source]) -> HttpResponseBase:
    """The stream of a source that ``begin`` makes; 404 when it refuses."""
    try:
        source = await run_sync(begin)
    except ForgeError:
        return HttpResponse("Not Found\n", status=404, content_type="text/plain; charset=utf-8")
    if "Last-Event-ID" in request.headers and await run_sync(_is_told, source):
        return HttpResponse(status=204)
    found = StreamingHttpResponse(events(source), content_type="text/event-stream")
    found["Cache-Control"] = "no-store"
    found["X-Accel-Buffering"] = "no"
    return found


def _is_told(source: Source) -> bool:
    """True when there is nothing left to say; asked of a copy, since a look goes forward."""
    if isinstance(source, RunSource):
        found = RunSource(source.run_id, source.sequence).look()
    elif isinstance(source, JobSource):
        found = JobSource(source.run_id, source.job_id, source.sequence, source.offset).look()
    else:
        return False
    return found.ended and not found.messages


_marks = Marks()


async def events(source: Source) -> AsyncIterator[bytes]:
    """What a source says, as it is sent, until it has ended or the viewer goes away."""
    yield b"retry: 1000\n\n"
    async with wakeup.listen(*source.topics) as bell:
        while True:
            begun = time.monotonic()
            found = await run_sync(source.look)
            if found.messages:
                yield b"".join(_encode(message) for message in found.messages)
            if found.ended:
                yield b"event: end\ndata: {}\n\n"
                return
            if found.more:
                continue
            period = getattr(source, "period", PING_SECONDS)
            while not await bell.wait(period):
                yield b": ping\n\n"
                if await _marks.has_missed(source, period):
                    break
            # What comes within a moment of the last look goes out with it.
            await asyncio.sleep(max(0.0, BATCH_SECONDS - (time.monotonic() - begun)))


def _encode(message: Message) -> bytes:
    body = json.dumps(message.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {message.cursor}\nevent: {message.name}\ndata: {body}\n\n".encode(errors="replace")
