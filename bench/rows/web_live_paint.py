"""Lines reach a page that watches their job: how long until the page shows them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.measurement import Measurement, Samples
from bench.web.browsers import Opened
from bench.web.looks import browsers, figure
from bench.web.talker import FILLED, Talker
from tests.services.stack import Stack

NUMBER = 106
WHAT = "1,000 lines a second: a batch of them arrives at the page → its last line is painted"
GOAL = None
MOST_P95 = 0.05

RATE, SECONDS = 1_000, 10


def measure(samples: int) -> Measurement:
    """Each sample is a batch; a runner that talks by the real protocol writes them. In Chromium; Firefox beside it."""
    with browsers() as both:
        taken = {name: _watch(opened) for name, opened in both.items()}
    others = (figure("Firefox", taken["Firefox"], MOST_P95, percent=95),)
    return Measurement(Samples("Chromium", tuple(taken["Chromium"])), figures=others)


def _watch(opened: Opened) -> list[float]:
    """Seconds of each batch."""
    with (
        tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch,
        Stack(Path(scratch)) as stack,
        Talker(stack) as talker,
        opened("forgeBench.watchArrivals();") as tab,
    ):
        talker.fill()
        tab.go(talker.address)
        tab.run("(line) => forgeBench.when(() => forgeBench.shown(line))", FILLED)
        said = talker.flow(RATE, SECONDS)
        tab.run("(line) => forgeBench.when(() => forgeBench.shown(line))", said + FILLED)
        taken: list[float] = tab.run("() => forgeBench.drawn")
    return [took / 1000 for took in taken]
