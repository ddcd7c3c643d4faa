"""What the log of 100,000 lines costs the browser's process, beside a page without anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.browsers import ChromiumTab, chromium
from bench.web.looks import FEW, figure
from tests.machine import CHROMIUM

NUMBER = 104
WHAT = "memory of Chromium's renderer above an empty page, 100,000 lines, scrolled to 20 places"
GOAL = None

LINES, PLACES = 100_000, 20
MEGABYTE = 1_000_000
#: MB above the empty page.
MOST_ABOVE = 80


def measure(samples: int) -> Measurement:
    """A browser of its own for each sample, since a renderer keeps what it once took."""
    site.needs(CHROMIUM)
    empty, full = [], []
    for _ in range(min(samples, FEW)):
        with chromium() as opened, opened() as tab:
            tab.go("about:blank")
            empty.append(_renderer(tab))
        with chromium() as opened, opened() as tab:
            tab.go(site.shared().address(f"job {LINES}"))
            tab.run(f"() => forgeBench.when(() => forgeBench.shown({LINES}))")
            tab.run("(places) => forgeBench.jumpAround(places)", [number / PLACES for number in range(PLACES)])
            full.append(_renderer(tab))
    above = [one - other for one, other in zip(full, empty, strict=True)]
    ours, floor = Samples("the job's page", tuple(full), "MB"), Samples("an empty page", tuple(empty), "MB")
    return Measurement(ours, floor, figures=(figure("above the empty page", above, MOST_ABOVE, "MB"),))


def _renderer(tab: ChromiumTab) -> float:
    """Resident memory of the largest renderer there is, MB; what can be collected is."""
    tab.session.send("HeapProfiler.collectGarbage")
    assert tab.page.context.browser
    session = tab.page.context.browser.new_browser_cdp_session()
    found: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_resident(one["id"]) for one in found if one["type"] == "renderer")


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024 / MEGABYTE
