"""GitHub's own npm packages, which time themselves within their process, warmed up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.measurement import Measurement, Samples
from bench.rows import CannotRun
from tests.judges.judge import Judge, NoJudge

#: Rounds that neither side counts: JavaScript compiles what runs often, we fill our caches.
WARM_UP = 20

Cases = Sequence[dict[str, Any]]


@contextmanager
def packages() -> Iterator[Judge]:
    """GitHub's packages; CannotRun where they are not installed."""
    try:
        started = Judge()
    except NoJudge as reason:
        raise CannotRun(str(reason)) from reason
    with started as judge:
        yield judge


def beside(what: str, cases: Callable[[int], Cases], ours: Callable[[Cases], object], samples: int) -> Measurement:
    """Our time for one case beside theirs, in turns, each sample with cases of its own.

    ``what`` is what GitHub's packages shall do with them, as ``judge.mjs`` names it.
    """
    mine: list[float] = []
    other: list[float] = []
    with packages() as judge:
        for number in range(-WARM_UP, samples):
            given = cases(number)
            [seconds] = judge.ask("time", what=what, cases=given, rounds=1, warm_up=0)["seconds"]
            started = time.perf_counter()
            ours(given)
            if number >= 0:
                mine.append((time.perf_counter() - started) / len(given))
                other.append(seconds / len(given))
    return Measurement(Samples("ours", tuple(mine)), Samples("GitHub's package", tuple(other)))
