"""A server in this very process, for tests and for trying the agent out: a ``Transport`` that speaks the doors.

It keeps what it is told. ``give`` queues a job; polls are held until there is something to say.
``break_next`` loses the next answers of a door after the server has acted on them, as a network does.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import zstandard

from runner.client import LOG_BATCH, Response
from runner.errors import Unreachable
from workflows.messages import (
    Assignment,
    CancelNotice,
    CancelState,
    Heartbeat,
    HeartbeatAnswer,
    HeartbeatEntry,
    JobReport,
    Leave,
    LeftJob,
    LogAccepted,
    Poll,
    PollAnswer,
    Recover,
    Recovered,
    RecoveredJob,
    Register,
    Registered,
    Rotate,
    StepReport,
    StepsReport,
    from_wire,
    to_wire,
)

_JOB_DOOR = re.compile(r"/api/v1/jobs/(\d+)/(cancel-check|steps|log|status)(?:\?offset=(\d+))?")


@dataclass
class KeptJob:
    """All that the server was told about one job."""

    assignment: Assignment
    log: bytearray = field(default_factory=bytearray)
    steps: dict[int, StepReport] = field(default_factory=dict)
    history: list[StepReport] = field(default_factory=list)
    started: JobReport | StepsReport | None = None  # what acknowledged the claim
    end: JobReport | None = None
    ends: int = 0
    cancelled: bool = False
    force: bool = False
    seen: int = 0
    held: bool = True
    left: LeftJob | None = None  # what an agent said that its former life left


class FakeServer:
    """Doors without a network. ``token`` registers; every credential hash that was registered polls."""

    def __init__(self, token: str = "registration") -> None:
        self._token = token
        self._changed = threading.Condition()
        self._hashes: set[str] = set()
        self._announced: dict[str, str] = {}  # hash of a next credential → of the one that it replaces
        self._queue: deque[Assignment] = deque()
        self._answered: dict[str, Assignment] = {}
        self._newest: dict[str, int] = {}
        self._calls = 0
        self._broken: deque[str] = deque()
        self.jobs: dict[int, KeptJob] = {}
        self.polls: list[Poll] = []
        self.paths: list[str] = []
        self.left: list[str] = []  # instances that said they end
        self.unreachable: set[str] = set()  # doors whose calls never arrive
        self.busy: dict[str, int] = {}  # doors that answer 429, and after how many seconds they want to be asked
        self.says_date: Callable[[], str] | None = None
        self.away = False
        self.closed = False
        self.draining = False

    def admit(self, credential: str) -> None:
        """Take this credential as a runner's."""
        self._hashes.add(hashlib.sha256(credential.encode()).hexdigest())

    def give(self, assignment: Assignment) -> KeptJob:
        """Queue a job."""
        kept = KeptJob(assignment)
        with self._changed:
            self.jobs[assignment.job] = kept
            self._queue.append(assignment)
            self._changed.notify_all()
        return kept

    def forget_queue(self) -> None:
        """What waits in it is given to nobody: it is as if it had been given to an agent that is gone."""
        with self._changed:
            self._queue.clear()

    def cancel(self, job: int, *, force: bool = False) -> None:
        """Ask for a job's end."""
        with self._changed:
            self.jobs[job].cancelled = True
            self.jobs[job].force = force
            self._changed.notify_all()

    def take_away(self, job: int) -> None:
        """Its lease is lost."""
        with self._changed:
            self.jobs[job].held = False
            self._changed.notify_all()

    def dismiss(self) -> None:
        """Every runner is removed, and with it the leases that it held."""
        with self._changed:
            self._hashes.clear()
            for kept in self.jobs.values():
                kept.held = False
            self._changed.notify_all()

    def break_next(self, door: str, times: int = 1) -> None:
        """Lose the next answers of a door (poll, steps, log, status …) after acting on the call."""
        self._broken.extend([door] * times)

    def set_away(self, away: bool) -> None:
        """Answer nothing at all, or answer again."""
        with self._changed:
            self.away = away
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout: float = 30) -> bool:
        """Wait until something about what was told is so."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def drain(self, wish: bool = True) -> None:
        """Give no more work to anybody, or give it again."""
        with self._changed:
            self.draining = wish
            self._changed.notify_all()

    def close(self) -> None:
        """Polls that wait fail from now on."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """The transport's one method."""
        with self._changed:
            if self.away or self.closed:
                raise Unreachable("the fake server is away")
            self.paths.append(f"{method} {path}")
            self._changed.notify_all()
            door = path.partition("?")[0].rpartition("/")[2]
            if door in self.busy:
                return Response(429, b"{}", {"Retry-After": str(self.busy[door])})
            if door in self.unreachable:
                raise Unreachable("the fake server does not hear this")
            answer = self._route(path, headers, body)
            if self.says_date is not None:
                answer = replace(answer, headers={"Date": self.says_date()})
            self._changed.notify_all()
            if self._broken and self._broken[0] == door:
                self._broken.popleft()
                raise Unreachable("the fake server's answer was lost")
            return answer

    def _route(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if path == "/api/v1/runners/register":
            return self._register(token, body)
        found = _JOB_DOOR.fullmatch(path)
        if found is not None:
            return self._job(int(found[1]), found[2], int(found[3] or 0), token, headers, body)
        known = hashlib.sha256(token.encode()).hexdigest()
        if known in self._announced:
            self._hashes.discard(self._announced.pop(known))
            self._hashes.add(known)
        if known not in self._hashes:
            return _refusal(401, "bad_credential")
        if path == "/api/v1/runners/poll":
            return self._poll(from_wire(Poll, json.loads(body)))
        if path == "/api/v1/runners/heartbeat":
            return self._heartbeat(from_wire(Heartbeat, json.loads(body)))
        if path == "/api/v1/runners/rotate":
            self._announced[from_wire(Rotate, json.loads(body)).credential_hash] = known
            return Response(204)
        if path == "/api/v1/runners/recover":
            return self._recover(from_wire(Recover, json.loads(body)))
        if path == "/api/v1/runners/leave":
            self.left.append(from_wire(Leave, json.loads(body)).instance)
            return Response(204)
        if path == "/api/v1/runners/remove":
            self._hashes.discard(hashlib.sha256(token.encode()).hexdigest())
            return Response(204)
        return _refusal(404, "not_found")

    def _register(self, token: str, body: bytes) -> Response:
        if token != self._token:
            return _refusal(401, "bad_credential")
        message = from_wire(Register, json.loads(body))
        self._hashes.add(message.credential_hash)
        return _answer(Registered(1, message.name, message.labels), 201)

    def _poll(self, message: Poll) -> Response:
        self.polls.append(message)
        self._calls += 1
        call = self._newest[message.instance] = self._calls
        if message.request_key in self._answered:
            return _answer(PollAnswer(assignment=self._answered[message.request_key]))
        self._changed.notify_all()
        self._changed.wait_for(
            lambda: self.closed or self.away or self._newest[message.instance] != call or self._has_news(message),
            message.wait_seconds,
        )
        if not self._hashes:
            return _refusal(401, "bad_credential")
        if self.closed or self.away:
            raise Unreachable("the fake server is away")
        if self._newest[message.instance] != call or not self._has_news(message):
            return Response(204)
        may_work = message.free and not self.draining
        assignment = self._queue.popleft() if self._queue and may_work else None
        if assignment is not None:
            self._answered[message.request_key] = assignment
        return _answer(PollAnswer(assignment, self._cancels(message), self.draining))

    def _has_news(self, message: Poll) -> bool:
        drain = self.draining != message.draining
        return bool(
            (self._queue and message.free and not self.draining) or self._cancels(message) or drain or not self._hashes
        )

    def _cancels(self, message: Poll) -> tuple[CancelNotice, ...]:
        return tuple(
            CancelNotice(active.job, active.epoch, kept.force, "cancelled by a test")
            for active in message.active
            if (kept := self.jobs[active.job]).cancelled and active.cancel_seen < 1 + kept.force
        )

    def _heartbeat(self, message: Heartbeat) -> Response:
        entries = [self.jobs[active.job] for active in message.active]
        jobs = tuple(
            HeartbeatEntry(kept.assignment.job, kept.assignment.epoch, kept.held, kept.cancelled, kept.force)
            for kept in entries
        )
        return _answer(HeartbeatAnswer(jobs, self.draining))

    def _recover(self, message: Recover) -> Response:
        answers = []
        for left in message.jobs:
            kept = self.jobs.get(left.job)
            if kept is None or kept.assignment.epoch != left.epoch or kept.end is not None:
                answers.append(RecoveredJob(left.job, left.epoch))
                continue
            kept.held, kept.left = False, left
            answers.append(RecoveredJob(left.job, left.epoch, kept.assignment.lease_token, len(kept.log)))
        return _answer(Recovered(tuple(answers)))

    def _job(
        self, number: int, door: str, offset: int, token: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        kept = self.jobs.get(number)
        if kept is None or token != kept.assignment.lease_token:
            return _refusal(401, "bad_credential")
        if door == "log" and (kept.held or kept.left is not None):
            return self._append(kept, offset, headers, body)
        if not kept.held:
            return _refusal(409, "lease_lost")
        data = json.loads(body)
        if door == "cancel-check":
            return _answer(CancelState(kept.cancelled, kept.force))
        return self._steps(kept, data) if door == "steps" else self._status(kept, data)

    def _append(self, kept: KeptJob, offset: int, headers: Mapping[str, str], body: bytes) -> Response:
        data = zstandard.decompress(body) if headers.get("Content-Encoding") == "zstd" else body
        if len(data) > LOG_BATCH:
            return _refusal(413, "too_large")
        if offset > len(kept.log):
            return Response(409, json.dumps({"error": "gap", "code": "log_gap", "next": len(kept.log)}).encode())
        kept.log += data[len(kept.log) - offset :]
        return _answer(LogAccepted(len(kept.log)))

    def _steps(self, kept: KeptJob, data: Any) -> Response:
        report = from_wire(StepsReport, data)
        kept.started = kept.started or report
        for step in report.steps:
            kept.steps[step.number] = step
            kept.history.append(step)
        return Response(204)

    def _status(self, kept: KeptJob, data: Any) -> Response:
        report = from_wire(JobReport, data)
        if report.status == "in_progress":
            kept.started = kept.started or report
        elif kept.end is not None and kept.end != report:
            return _refusal(409, "already_completed")
        else:
            kept.end = replace(report)
            kept.ends += 1
        return Response(204)


def _answer(message: object, status: int = 200) -> Response:
    return Response(status, json.dumps(to_wire(message)).encode())


def _refusal(status: int, code: str) -> Response:
    return Response(status, json.dumps({"error": code.replace("_", " "), "code": code}).encode())
