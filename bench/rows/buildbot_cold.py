"""The same in a container made for the job; Buildbot makes none."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 3
WHAT = "trigger accepted → the first command runs, cold container"
GOAL = 1.1


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    return Measurement(
        Samples("push → command", tuple(way.cold_command)),
        Samples("Buildbot: change → command", tuple(way.buildbot_first)),
    )
