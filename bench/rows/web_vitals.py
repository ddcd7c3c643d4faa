"""What a slow phone on a slow network feels of a page, as Lighthouse's throttling by the browser itself has it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from bench.measurement import Figure, Measurement, Samples
from bench.web import site
from bench.web.browsers import ChromiumTab, chromium
from bench.web.looks import FEW, figure
from bench.web.pages import PAGES
from tests.machine import CHROMIUM

NUMBER = 118
WHAT = "a phone four times slower than this machine, 1.6 Mbit/s, 150 ms away: largest contentful paint, shift, blocking"
GOAL = None

#: Lighthouse's own values for a phone: a request takes 3.75 round trips as the browser counts them, since the
#: handshakes that a real network adds are not simulated.
_NETWORK = {
    "offline": False,
    "latency": 150 * 3.75,
    "downloadThroughput": 1_638_400 * 0.9 / 8,
    "uploadThroughput": 675_000 / 8,
}
_PHONE: dict[str, Any] = {
    "viewport": {"width": 412, "height": 823},
    "device_scale_factor": 1.75,
    "is_mobile": True,
    "has_touch": True,
}
SLOWER = 4
MOST_PAINT, MOST_SHIFT, MOST_BLOCKED = 1.5, 0.02, 0.05
#: Seconds without news behind the load until a page counts as at rest.
REST = 2_000


def measure(samples: int) -> Measurement:
    """Each page so often; a figure for each of the three and each page."""
    site.needs(CHROMIUM)
    figures: list[Figure] = []
    with chromium() as opened:
        for name in (*PAGES, "job 1000"):
            felt = [_feel(opened, site.shared().address(name)) for _ in range(min(samples, FEW))]
            paints, shifts, blocked = (list(values) for values in zip(*felt, strict=True))
            figures += [
                figure(f"{name}: largest contentful paint", paints, MOST_PAINT),
                figure(f"{name}: layout shift", shifts, MOST_SHIFT, "of the screen"),
                figure(f"{name}: blocked in all", blocked, MOST_BLOCKED),
            ]
    first = figures[0].samples
    return Measurement(Samples(first.name, first.values), figures=tuple(figures))


def _feel(opened: Callable[..., AbstractContextManager[ChromiumTab]], address: str) -> tuple[float, float, float]:
    with opened(**_PHONE) as tab:
        tab.session.send("Network.enable")
        tab.session.send("Network.emulateNetworkConditions", _NETWORK)
        tab.session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        tab.page.goto(address, wait_until="load")
        tab.page.wait_for_timeout(REST)
        paints, tasks = tab.run("() => [forgeBench.paints, forgeBench.tasks]")
    late = [task for task in tasks if task["start"] + task["took"] > paints["first"]]
    return paints["lcp"] / 1000, paints["shift"], sum(task["took"] - 50 for task in late) / 1000
