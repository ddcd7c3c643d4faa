"""What Forge adds to each step: the time between two steps, without what their processes need by themselves."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 5
WHAT = "overhead a step: from one command's time to the next one's, less a bare shell with that command"
GOAL = 1.0


def measure(samples: int) -> Measurement:
    """From the jobs of ten steps; the floor is the goal."""
    way = measured(samples)
    added = tuple(period - bare for period, bare in zip(way.between_steps, way.bare_command, strict=True))
    return Measurement(Samples("overhead a step", added), Samples("5 ms", (0.005,)))
