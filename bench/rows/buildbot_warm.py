"""From a trigger to its first command, beside Buildbot without containers."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 3
WHAT = "trigger accepted → the first command runs, container kept ready"
GOAL = 0.5


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    return Measurement(
        Samples("push → command", tuple(way.warm_command)),
        Samples("Buildbot: change → command", tuple(way.buildbot_first)),
    )
