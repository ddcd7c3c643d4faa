"""Refusing a file that was made to take long."""

from __future__ import annotations

import time

from bench.language import files
from bench.measurement import Measurement, Samples
from workflows import parser

NUMBER = 14
WHAT = "refuse hostile workflows of 500 KB"
GOAL = 1.0

_SIZE = 500_000


def measure(samples: int) -> Measurement:
    """The slowest of several kinds, beside the second that it may take."""
    slowest: list[float] = []
    for _ in range(samples):
        slowest.append(max(_seconds(text) for text in files.hostile(_SIZE).values()))
    note = f"Kinds: {', '.join(files.hostile(_SIZE))}; the slowest of each round."
    return Measurement(Samples("ours, the slowest", tuple(slowest)), Samples("what it may take", (1.0,)), note)


def _seconds(text: str) -> float:
    started = time.perf_counter()
    workflow, problems = parser.read(text, ".github/workflows/hostile.yml")
    taken = time.perf_counter() - started
    assert workflow is None
    assert problems
    return taken
