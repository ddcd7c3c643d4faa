"""What a browser that knows nothing yet has to fetch for a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from bench.measurement import Measurement
from bench.web import site
from bench.web.browsers import ChromiumTab, chromium
from bench.web.looks import figure
from bench.web.pages import PAGES
from tests.machine import CHROMIUM

NUMBER = 117
WHAT = "fetched for a page without a log, cold: the most of five pages"
GOAL = None

KILOBYTE = 1_000
MOST_WHOLE, MOST_REQUESTS, MOST_SCRIPTS, MOST_STYLES = 100, 8, 25, 12


@dataclass
class Fetched:
    """Requests, and bytes on the wire by the browser's word for their kind."""

    requests: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, str] = field(default_factory=dict)

    def begun(self, event: dict[str, Any]) -> None:
        """A request goes out."""
        if event["request"]["url"].startswith("http"):
            self.requests += 1
            self.kinds[event["requestId"]] = event.get("type", "Other")

    def ended(self, event: dict[str, Any]) -> None:
        """All of an answer is there. A stream's never is."""
        if event["requestId"] in self.kinds:
            self.sizes[self.kinds[event["requestId"]]] += event["encodedDataLength"]


def measure(samples: int) -> Measurement:
    """Counted, so once is enough; each sample is a page."""
    site.needs(CHROMIUM)
    with chromium() as opened:
        found = {name: _fetch(opened, site.shared().address(name)) for name in PAGES}
    parts: list[tuple[str, list[float], float, str]] = [
        ("KB in all", [one.sizes.total() / KILOBYTE for one in found.values()], MOST_WHOLE, "KB"),
        ("requests", [one.requests for one in found.values()], MOST_REQUESTS, "requests"),
        ("KB of scripts", [one.sizes["Script"] / KILOBYTE for one in found.values()], MOST_SCRIPTS, "KB"),
        ("KB of styles", [one.sizes["Stylesheet"] / KILOBYTE for one in found.values()], MOST_STYLES, "KB"),
    ]
    figures = [figure(name, values, most, unit, percent=100) for name, values, most, unit in parts]
    lines = [_line(name, one) for name, one in found.items()]
    return Measurement(figures[0].samples, note="\n   ".join(lines), figures=tuple(figures))


def _fetch(opened: Callable[..., AbstractContextManager[ChromiumTab]], address: str) -> Fetched:
    found = Fetched()
    with opened() as tab:
        tab.session.send("Network.enable")
        tab.session.on("Network.requestWillBeSent", found.begun)
        tab.session.on("Network.loadingFinished", found.ended)
        tab.go(address)
        tab.page.wait_for_load_state("load")
        tab.run("() => forgeBench.painted()")  # what the page asks for itself has gone out
        tab.run("() => forgeBench.painted()")
    return found


def _line(name: str, one: Fetched) -> str:
    parts = ", ".join(f"{kind} {size / KILOBYTE:.1f}" for kind, size in sorted(one.sizes.items()))
    return f"{name}: {one.requests} requests; KB: {parts}"
