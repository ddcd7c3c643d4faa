"""A log is scrolled by 500 pixels a frame: how long frames take, and whether lines are there in time."""

from __future__ import annotations

from bench.measurement import Figure, Measurement, Samples
from bench.web import site
from bench.web.browsers import Opened
from bench.web.looks import FEW, browsers, figure

NUMBER = 105
WHAT = "scroll 150 frames by 500 px in 100,000 lines: time of a frame"
GOAL = None
MOST_P95 = 0.02

LINES, FRAMES, PIXELS = 100_000, 150, 500
#: What a distant server's answers come late by, and how many frames may then show a blank.
ROUND_TRIP, MOST_BLANK_FAR = 50, 5
_FAR = f"""
const near = window.fetch;
window.fetch = (...call) => new Promise((done) => setTimeout(() => done(near(...call)), {ROUND_TRIP}));
"""


def measure(samples: int) -> Measurement:
    """Each sample is one frame; blanks are counted over each scroll."""
    figures: list[Figure] = []
    with browsers() as both:
        for name, opened in both.items():
            near = [_scroll(opened, "") for _ in range(min(samples, FEW))]
            far = [_scroll(opened, _FAR) for _ in range(min(samples, FEW))]
            frames = [took for times, _ in near for took in times]
            figures += [
                figure(f"a frame, {name}", frames, MOST_P95, percent=95),
                figure(f"frames with a blank, {name}", [blank for _, blank in near], 0, "frames"),
                figure(
                    f"frames with a blank, answers {ROUND_TRIP} ms later, {name}",
                    [blank for _, blank in far],
                    MOST_BLANK_FAR,
                    "frames",
                ),
            ]
    first, *others = figures
    return Measurement(Samples("a frame, Chromium", first.samples.values), figures=tuple(others))


def _scroll(opened: Opened, script: str) -> tuple[list[float], int]:
    with opened(script) as tab:
        tab.go(f"{site.shared().address(f'job {LINES}')}#s1-L{LINES // 2}")
        tab.run(f"() => forgeBench.when(() => forgeBench.shown({LINES // 2}))")
        found = tab.run("(frames, pixels) => forgeBench.scroll(frames, pixels)", FRAMES, PIXELS)
    return [took / 1000 for took in found["times"]], int(found["blank"])
