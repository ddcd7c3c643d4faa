"""The log of a step beside others: kept apart, put into the job's as one span, together no more than that may hold."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.masking import Secrets
from runner.spool import JobLog
from runner.step_log import Shelf, StepLog
from workflows.log_lines import PREFIX_LENGTH

MOMENT = 1_768_478_401_000_000_000  # 2026-01-15T12:00:01Z
LINE = PREFIX_LENGTH + 5  # bytes of a line of four letters


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[JobLog]]:
    """The logs of this test, closed behind it."""
    logs: list[JobLog] = []
    yield logs
    for log in logs:
        log.close()


def job_log(made: list[JobLog], folder: Path, limit: int = 1 << 20) -> JobLog:
    log = JobLog(folder / "log", Secrets(["hunter2"]), limit=limit, clock=lambda: MOMENT)
    made.append(log)
    return log


def texts(log: JobLog) -> list[str]:
    return [line[PREFIX_LENGTH:] for line in log.read(0, 1 << 30).decode().splitlines()]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_lines_are_kept_until_they_are_released(made: list[JobLog], tmp_path: Path) -> None:
    job = job_log(made, tmp_path)
    before = open_files()
    log = StepLog(Shelf(job, tmp_path))
    log.lines(["kept"])
    log.block(MOMENT - 1_000_000_000, b"a hunter2 b\n")
    job.lines(["front"])
    assert (log.start, log.size, texts(job)) == (None, 2 * LINE + 3, ["front"])
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert log.release() == LINE + 1
    log.lines(["live"])
    assert texts(job) == ["front", "kept", "a *** b", "live"]
    assert job.read(0, 1 << 20).decode().splitlines()[2].startswith("2026-01-15T12:00:00.0000000Z ")
    assert log.release() == log.start == LINE + 1
    assert open_files() == before


def test_many_files_are_moved_in_order(made: list[JobLog], tmp_path: Path) -> None:
    job = job_log(made, tmp_path)
    before = open_files()
    log = StepLog(Shelf(job, tmp_path), segment=100)
    for number in range(200):
        log.lines([str(number)])
    assert open_files() > before + 10
    log.release()
    assert texts(job) == [str(number) for number in range(200)]
    assert open_files() == before


def test_together_they_hold_no_more_than_the_job_may(made: list[JobLog], tmp_path: Path) -> None:
    cut = "##[warning]The log of this step is cut here: a job may write 1 GiB."
    job = job_log(made, tmp_path, limit=10 * LINE + 2 * (PREFIX_LENGTH + len(cut) + 1))
    shelf = Shelf(job, tmp_path)
    job.lines(["jjjj", "jjjj"])
    one, two = StepLog(shelf), StepLog(shelf)
    for _ in range(5):
        one.lines(["oooo"])
        two.lines(["tttt"])
    two.lines(["after the cut"])
    one.release()
    two.release()
    assert texts(job) == ["jjjj"] * 2 + ["oooo"] * 4 + [cut] + ["tttt"] * 4 + [cut]
    assert job.room == 0


def test_what_is_not_wanted_leaves_nothing(made: list[JobLog], tmp_path: Path) -> None:
    job = job_log(made, tmp_path)
    before = open_files()
    log = StepLog(Shelf(job, tmp_path))
    log.lines(["kept"])
    log.close()
    log.lines(["late"])
    log.release()
    assert texts(job) == []
    assert open_files() == before


def test_steps_that_write_at_once_lose_no_line(made: list[JobLog], tmp_path: Path) -> None:
    job = job_log(made, tmp_path)
    shelf = Shelf(job, tmp_path)
    logs = [StepLog(shelf, segment=1000) for _ in range(6)]
    released = threading.Event()

    def write(number: int) -> None:
        for line in range(300):
            logs[number].lines([f"{number} {line}"])
        if number == 0:
            assert released.wait(60)
            logs[0].lines(["0 last"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    logs[0].release()  # while it writes
    released.set()
    for thread in threads:
        thread.join()
    for log in logs[1:]:
        log.release()
    expected = [*(f"0 {line}" for line in range(300)), "0 last"]
    assert texts(job) == expected + [f"{number} {line}" for number in range(1, 6) for line in range(300)]
