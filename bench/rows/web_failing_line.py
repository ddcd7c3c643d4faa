"""A failed job of 100,000 lines is opened: the line that says why is on the screen."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.looks import figure, first_seen, in_turns

NUMBER = 101
WHAT = "a failed job with 100,000 lines: navigation begins → the failing line is painted"
GOAL = None
MOST = 0.5

LINES = 100_000


def measure(samples: int) -> Measurement:
    """In Chromium; Firefox beside it."""
    address = site.shared().address(f"job {LINES}")
    taken = in_turns(samples, [lambda opened: first_seen(opened, address, LINES)])
    ours = Samples("Chromium", tuple(taken["Chromium"][0]))
    return Measurement(ours, figures=(figure("Firefox", taken["Firefox"][0], MOST),))
