"""A job writes 10,000 lines a second while a person watches: the page stays quick."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.browsers import ChromiumTab, chromium
from bench.web.looks import figure
from bench.web.talker import FILLED, Talker
from tests.machine import CHROMIUM
from tests.services.stack import Stack

NUMBER = 107
WHAT = "10,000 lines a second for a minute, watched: the longest task of the page"
GOAL = None

RATE = 10_000
SECONDS = int(os.environ.get("BENCH_FLOOD_SECONDS", "60"))
MOST_TASK, MOST_INPUT = 0.05, 0.1
#: Milliseconds between two strokes of a key that does nothing.
STROKE = 500


def measure(samples: int) -> Measurement:
    """Once: each sample is a task of more than 50 ms, or a stroke of a key that took more than a frame."""
    site.needs(CHROMIUM)
    with (
        tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch,
        Stack(Path(scratch)) as stack,
        Talker(stack) as talker,
        chromium() as opened,
        opened() as tab,
    ):
        talker.fill()
        tab.go(talker.address)
        tab.run("(line) => forgeBench.when(() => forgeBench.shown(line))", FILLED)
        before = len(tab.run("() => forgeBench.tasks"))  # those of the page's beginning are another matter
        said = _flood(talker, tab)
        shown = tab.run("(line) => forgeBench.when(() => forgeBench.shown(line)).then(() => true)", said + FILLED)
        assert shown
        tasks = [task["took"] / 1000 for task in tab.run("() => forgeBench.tasks")[before:]]
        inputs = [took / 1000 for took in tab.run("() => forgeBench.inputs")]
    longest = Samples("the longest task", (max(tasks, default=0.0),))
    note = f"{said:,} lines in {SECONDS} s, {len(tasks)} tasks of more than 50 ms."
    figures = (
        figure("the longest task", longest.values, MOST_TASK),
        figure("the slowest stroke of a key → the next frame", [max(inputs, default=0.016)], MOST_INPUT),
    )
    return Measurement(longest, note=note, figures=figures)


def _flood(talker: Talker, tab: ChromiumTab) -> int:
    """Lines that were said while keys were struck."""
    said: list[int] = []
    thread = threading.Thread(target=lambda: said.append(talker.flow(RATE, SECONDS)))
    thread.start()
    while thread.is_alive():
        tab.page.keyboard.press("Shift")
        tab.page.wait_for_timeout(STROKE)
    thread.join()
    return said[0]
