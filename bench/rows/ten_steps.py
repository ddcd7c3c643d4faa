"""A job of ten trivial steps beside ten commands of one shell in the same container."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 4
WHAT = "ten trivial steps, from the first line of the job's log to its last, container kept ready"
GOAL = 1.5


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    return Measurement(
        Samples("the job", tuple(way.ten_job)), Samples("ten commands fed to one shell", tuple(way.ten_in_a_shell))
    )
