"""A link to one line is opened cold: the line is in the middle of the screen."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.browsers import Opened
from bench.web.looks import figure, in_turns

NUMBER = 111
WHAT = "open a link to line 87,654 of 100,000: navigation begins → the line is painted in the middle"
GOAL = None
MOST = 0.6

LINES, LINE = 100_000, 87_654
#: So many pixels from the middle are the middle still: two lines.
NEAR = 40


def measure(samples: int) -> Measurement:
    """In Chromium; Firefox beside it."""
    taken = in_turns(samples, [_centred])
    ours = Samples("Chromium", tuple(taken["Chromium"][0]))
    return Measurement(ours, figures=(figure("Firefox", taken["Firefox"][0], MOST),))


def _centred(opened: Opened) -> float:
    address = f"{site.shared().address(f'job {LINES}')}#s1-L{LINE}"
    with opened(f"forgeBench.first = forgeBench.when(() => forgeBench.offCentre({LINE}) < {NEAR});") as tab:
        tab.go(address)
        return float(tab.run("() => forgeBench.first")) / 1000
