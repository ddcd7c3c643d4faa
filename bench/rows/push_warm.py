"""From a push to the first byte of its first step, in a container that was kept ready."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 1
WHAT = "push accepted → first byte of the first step, container kept ready"
GOAL = 2.0
GOAL_P95 = 4.0


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    ours = Samples("push → first byte", tuple(way.warm_first))
    return Measurement(ours, Samples("docker exec", tuple(way.exec_)))
