"""The page of a run with 256 jobs."""

from __future__ import annotations

import httpx

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.browsers import chromium
from bench.web.looks import figure
from tests.machine import CHROMIUM

NUMBER = 121
WHAT = "the page of a run with 256 jobs: request → first byte"
GOAL = None
MOST = 0.2

KILOBYTE = 1_000
MOST_ELEMENTS, MOST_SIZE = 2_000, 80


def measure(samples: int) -> Measurement:
    """Over the socket; elements and packed bytes are counted once."""
    site.needs(CHROMIUM)
    shared = site.shared()
    with httpx.Client(trust_env=False) as client:
        taken = [shared.first_byte(client, shared.paths["wide"]) for _ in range(samples + 1)][1:]
        with client.stream("GET", shared.address("wide"), headers={"Accept-Encoding": "gzip"}) as answer:
            size = sum(len(piece) for piece in answer.iter_raw())
    with chromium() as opened, opened() as tab:
        tab.go(shared.address("wide"))
        elements = tab.run("() => document.getElementsByTagName('*').length")
    figures = (
        figure("elements of the page", [elements], MOST_ELEMENTS, "elements"),
        figure("the page, packed", [size / KILOBYTE], MOST_SIZE, "KB"),
    )
    return Measurement(Samples("first byte", tuple(taken)), figures=figures)
