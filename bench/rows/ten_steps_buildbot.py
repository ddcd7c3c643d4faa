"""Ten trivial steps beside Buildbot's."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.way import measured

NUMBER = 4
WHAT = "ten trivial steps, trigger accepted → the tenth command runs, container kept ready"
GOAL = 0.15


def measure(samples: int) -> Measurement:
    """In turns with all that ``bench.way`` measures."""
    way = measured(samples)
    return Measurement(
        Samples("push → tenth command", tuple(way.ten_last)),
        Samples("Buildbot: change → tenth command", tuple(way.buildbot_ten)),
    )
