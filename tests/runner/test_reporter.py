"""A log that is longer than what goes at once comes to the server whole, whatever the server wants next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.client import LOG_BATCH, Client
from runner.fake_server import FakeServer, KeptJob
from runner.masking import Secrets
from runner.reporter import Reporter
from runner.spool import JobLog
from tests.runner.conftest import CREDENTIAL, job_of
from workflows.model import Step

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


def send(server: FakeServer, log: JobLog, before: bytes = b"") -> KeptJob:
    """Drain a reporter of a job of whose log the server has some already."""
    kept = server.give(job_of(Step(id="a", run="true")))
    kept.log += before
    client = Client(server, CREDENTIAL).job(kept.assignment)
    lost: list[str] = []
    reporter = Reporter(client, kept.assignment.epoch, log, lost.append)
    reporter.start()
    reporter.drain()
    assert lost == []
    return kept


def test_it_comes_in_batches(server: FakeServer, log: JobLog) -> None:
    kept = send(server, log)
    assert bytes(kept.log) == log.read(0, log.size)
    assert "log-packing" not in {thread.name for thread in threading.enumerate()}


def test_lost_answers_send_the_same_again(server: FakeServer, log: JobLog) -> None:
    server.break_next("log", 2)
    kept = send(server, log)
    assert bytes(kept.log) == log.read(0, log.size)


def test_the_server_has_more_than_was_sent(server: FakeServer, log: JobLog) -> None:
    """What was packed ahead is not what it wants: it is packed anew from there."""
    kept = send(server, log, before=log.read(0, LOG_BATCH + 12_345))
    assert bytes(kept.log) == log.read(0, log.size)
