"""Who writes little and often, or much, is read again when there is something to read."""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator

import pytest

from runner.backends.pipe_pace import Pace


@pytest.fixture
def pipe() -> Iterator[int]:
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 256 << 10)
    yield ours
    os.close(ours)
    os.close(theirs)


def rests(pipe: int, size: int, apart: float, reads: int) -> list[float]:
    moments = (number * apart for number in itertools.count(1))
    pace = Pace(pipe, lambda: next(moments))
    return [pace.rest(size) for _ in range(reads)]


@pytest.mark.parametrize(
    ("size", "apart", "reads", "grown"),
    [
        (256 << 10, 0.0001, 7, False),
        (256 << 10, 0.0001, 8, True),
        (256 << 10, 1.0, 8, True),
        (64 << 10, 0.0001, 33, True),
        (64 << 10, 1.0, 33, False),
    ],
    ids=["full, but not often yet", "full often", "full often, with pauses", "much at once", "as much with pauses"],
)
def test_a_pipe_grows_with_what_is_written(pipe: int, size: int, apart: float, reads: int, grown: bool) -> None:
    rests(pipe, size, apart, reads)
    assert fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) == (1 << 20 if grown else 256 << 10)


@pytest.mark.parametrize(
    ("size", "apart", "reads", "rest"),
    [
        (12, 0.0001, 30, 0.005),
        (12, 0.0001, 10, 0.0),
        (12, 0.1, 30, 0.0),
        (100_000, 0.0001, 10, 0.0),
        (1 << 17, 0.0001, 30, 0.0004),
        (1 << 17, 0.005, 30, 0.002),
        (1 << 19, 0.0001, 30, 0.0),
        (100_000, 0.1, 30, 0.0),
    ],
    ids=[
        "little and often", "not yet", "seldom", "much, but not yet", "much: until half of the pipe is full",
        "much, slowly: at most so long", "a pipe that is half full", "much, seldom",
    ],
)  # fmt: skip
def test_before_the_next_read_more_may_come(pipe: int, size: int, apart: float, reads: int, rest: float) -> None:
    assert rests(pipe, size, apart, reads)[-1] == pytest.approx(rest)
