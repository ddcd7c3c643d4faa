"""From a push to the first byte of its first step, in a container made for it."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 2
WHAT = "push accepted → first byte of the first step, cold container"
GOAL = 1.3


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    return Measurement(
        Samples("push → first byte", tuple(way.cold_first)),
        Samples("create + start + exec", tuple(way.create_start_exec)),
    )
