"""A log that is longer than what goes at once comes to the server whole, whatever the server wants next."""

from __future__ import annotations

import base64
import os
import random
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runner.client import LOG_BATCH, Client, Response, Transport, packed
from runner.errors import JobEnded
from runner.fake_server import FakeServer, KeptJob
from runner.masking import Secrets
from runner.reporter import BATCH_WAIT, Reporter
from runner.spool import JobLog
from tests.runner.conftest import CREDENTIAL, job_of
from tests.services.stack import eventually
from workflows.messages import StepReport
from workflows.model import Step
from workflows.states import Status

LINE = "a line of a log, and what it says is of no importance at all " * 4


@pytest.fixture
def log(tmp_path: Path) -> Iterator[JobLog]:
    """Four full batches and a little."""
    log = JobLog(tmp_path / "log", Secrets())
    while log.size < 4 * LOG_BATCH:
        log.lines([f"{log.size + number} {LINE}" for number in range(1000)])
    yield log
    log.close()


@pytest.fixture
def server() -> FakeServer:
    server = FakeServer()
    server.admit(CREDENTIAL)
    return server


class Overtaking:
    """A way to the server on which the second batch comes before the first."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._second_is_there = threading.Event()
        self.gaps = 0

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        if path.endswith("log?offset=0"):
            assert self._second_is_there.wait(20)
        answer = self._server.request(method, path, headers, body, timeout)
        self.gaps += answer.status == 409
        if path.endswith(f"log?offset={LOG_BATCH}"):
            self._second_is_there.set()
        return answer

    def close(self) -> None:
        self._server.close()


def send(server: FakeServer, log: JobLog, before: bytes = b"", way: Transport | None = None) -> KeptJob:
    """Drain a reporter of a job of whose log the server has some already."""
    kept = server.give(job_of(Step(id="a", run="true")))
    kept.log += before
    client = Client(way or server, CREDENTIAL).job(kept.assignment)
    lost: list[str] = []
    reporter = Reporter(client, kept.assignment.epoch, log, lost.append)
    reporter.start()
    reporter.drain()
    assert lost == []
    return kept


def test_it_comes_in_batches(server: FakeServer, log: JobLog) -> None:
    kept = send(server, log)
    assert bytes(kept.log) == log.read(0, log.size)
    assert "log-batch" not in {thread.name for thread in threading.enumerate()}


def test_lost_answers_send_the_same_again(server: FakeServer, log: JobLog) -> None:
    server.break_next("log", 2)
    kept = send(server, log)
    assert bytes(kept.log) == log.read(0, log.size)


def test_the_server_has_more_than_was_sent(server: FakeServer, log: JobLog) -> None:
    """What was sent ahead is not what it wants: it is sent anew from there."""
    kept = send(server, log, before=log.read(0, LOG_BATCH + 12_345))
    assert bytes(kept.log) == log.read(0, log.size)


def test_a_batch_that_is_overtaken(server: FakeServer, log: JobLog) -> None:
    """A server of several processes may refuse the second, and the third, which was sent before
    that was heard; from then on they go one by one."""
    way = Overtaking(server)
    kept = send(server, log, way=way)
    assert bytes(kept.log) == log.read(0, log.size)
    assert way.gaps == 2


def test_only_what_repeats_is_packed() -> None:
    noise = base64.b64encode(random.Random(6).randbytes(300_000))
    assert len(packed(noise).body) > 0.99 * len(noise)
    assert len(packed(LINE.encode() * 1000).body) < 0.01 * len(LINE) * 1000
    assert packed(b"short").encoding == ""


def test_a_log_that_lost_its_end_is_not_filled_up(server: FakeServer, tmp_path: Path) -> None:
    """With what a batch before has left in memory, above all."""
    path = tmp_path / "short"
    log = JobLog(path, Secrets())
    log.lines([f"{number} {LINE}" for number in range(40_000)])
    os.truncate(path, LOG_BATCH + 1000)
    kept = server.give(job_of(Step(id="a", run="true")))
    lost: list[str] = []
    reporter = Reporter(Client(server, CREDENTIAL).job(kept.assignment), kept.assignment.epoch, log, lost.append)
    reporter.start()
    with pytest.raises(JobEnded):
        reporter.drain()
    assert "shorter than what was written" in lost[0]
    assert bytes(kept.log) == log.read(0, len(kept.log))
    log.close()


class Deaf:
    """A way to the server on which calls of one door wait until they are let through."""

    def __init__(self, server: FakeServer, door: str) -> None:
        self._server = server
        self._door = door
        self.calls = 0
        self.may_pass = threading.Event()

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        if path.partition("?")[0].endswith(self._door):
            self.calls += 1
            assert self.may_pass.wait(20)
        return self._server.request(method, path, headers, body, timeout)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[JobLog]:
    log = JobLog(tmp_path / "lines", Secrets())
    yield log
    log.close()


def reporting(server: FakeServer, log: JobLog, way: Deaf) -> tuple[Reporter, KeptJob]:
    kept = server.give(job_of(Step(id="a", run="true")))
    reporter = Reporter(Client(way, CREDENTIAL).job(kept.assignment), kept.assignment.epoch, log, lambda _: None)
    reporter.start()
    return reporter, kept


def ended(number: int, end: int) -> StepReport:
    return StepReport(number, f"step {number}", Status.COMPLETED, log_start=0, log_end=end)


def test_nothing_comes_behind_an_end_that_the_server_has_not_heard_of(server: FakeServer, lines: JobLog) -> None:
    way = Deaf(server, "steps")
    reporter, kept = reporting(server, lines, way)
    lines.lines(["of the first step"])
    first = lines.size
    reporter.step(ended(1, first))
    lines.lines(["of the second step"] * 3)
    assert server.wait_for(lambda: len(kept.log) > 0)
    eventually(lambda: way.calls == 1, timeout=20, what="the end is on its way")
    reporter.step(ended(2, lines.size))
    lines.lines(["of the third step"])
    draining = threading.Thread(target=reporter.drain)
    draining.start()
    draining.join(BATCH_WAIT * 2)
    assert len(kept.log) == first
    way.may_pass.set()
    draining.join(20)
    assert not draining.is_alive()
    assert bytes(kept.log) == lines.read(0, lines.size)


def test_ends_that_were_told_before_hold_nothing_back(server: FakeServer, lines: JobLog) -> None:
    """All steps are told once more when a job is ended; and of a step that waits beside others, where it will end."""
    way = Deaf(server, "steps")
    reporter, kept = reporting(server, lines, way)
    lines.lines(["of the first step"])
    first = lines.size
    lines.lines(["of the second step"])
    assert server.wait_for(lambda: len(kept.log) == lines.size)
    reporter.step(ended(1, first), ended(2, lines.size + 1000))
    lines.lines(["of the third step"])
    assert server.wait_for(lambda: len(kept.log) == lines.size)
    way.may_pass.set()
    reporter.drain()


def test_an_end_that_nobody_will_tell_holds_nothing_back(server: FakeServer, lines: JobLog) -> None:
    way = Deaf(server, "log")
    others = threads("step-states")
    reporter, kept = reporting(server, lines, way)
    lines.lines(["of the first step"])
    eventually(lambda: way.calls == 1, timeout=20, what="the log is on its way")
    draining = threading.Thread(target=reporter.drain)
    draining.start()
    eventually(lambda: not threads("step-states") - others, timeout=20, what="all states are told")
    reporter.step(ended(1, lines.size))
    lines.lines(["of the second step"])
    way.may_pass.set()
    draining.join(20)
    assert not draining.is_alive()
    assert bytes(kept.log) == lines.read(0, lines.size)


def threads(name: str) -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == name}
