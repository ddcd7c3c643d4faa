"""The same of a job of 1,000,000 lines, beside the one of 100,000."""

from __future__ import annotations

import statistics

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.looks import figure, first_seen, in_turns

NUMBER = 102
WHAT = "the same with 1,000,000 lines"
GOAL = 1.3

FEW, MANY = 100_000, 1_000_000


def measure(samples: int) -> Measurement:
    """Sample beside sample, in both browsers."""
    shared = site.shared()
    taken = in_turns(
        samples,
        [
            lambda opened: first_seen(opened, shared.address(f"job {MANY}"), MANY),
            lambda opened: first_seen(opened, shared.address(f"job {FEW}"), FEW),
        ],
    )
    ours, floor = (Samples(f"{n:,} lines, Chromium", tuple(taken["Chromium"][at])) for at, n in enumerate((MANY, FEW)))
    many, few = (statistics.median(values) for values in taken["Firefox"])
    return Measurement(ours, floor, figures=(figure("Firefox, × its own 100,000 lines", [many / few], GOAL, "×"),))
