"""A log is scrolled to a thousand places: the page never holds more than a few lines of it."""

from __future__ import annotations

import random

from bench.measurement import Figure, Measurement
from bench.web import site
from bench.web.browsers import Opened
from bench.web.looks import browsers, figure

NUMBER = 103
WHAT = "elements inside the log, the most in 1,000 random scrolls of 1,000,000 lines"
GOAL = None

LINES, SCROLLS, MOST_ELEMENTS = 1_000_000, 1_000, 1_000


def measure(samples: int) -> Measurement:
    """Counted, so once is enough."""
    with browsers() as both:
        first, *others = (_figure(name, opened) for name, opened in both.items())
    return Measurement(first.samples, figures=(first, *others))


def _figure(name: str, opened: Opened) -> Figure:
    chance = random.Random(7)
    with opened("") as tab:
        tab.go(site.shared().address(f"job {LINES}"))
        tab.run(f"() => forgeBench.when(() => forgeBench.shown({LINES}))")
        most = tab.run("(places) => forgeBench.jumpAround(places)", [chance.random() for _ in range(SCROLLS)])
    return figure(name, [most], MOST_ELEMENTS, "elements")
