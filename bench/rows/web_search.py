"""A job's log of 100,000 lines is searched: an exact total, and the first hit on the screen."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.rows import CannotRun
from bench.web import search, site
from bench.web.browsers import Opened
from bench.web.looks import figure, in_turns

NUMBER = 110
WHAT = "search 100,000 lines: asked → the exact total is read; and the first hit is painted"
GOAL = None
MOST = 0.2

LINES, MOST_HIT = 100_000, 0.3
#: Stands in a quarter of all lines, but for those that are errors.
WANTED = "PASSED"
#: Stands in one line alone, far from where the log is looked at.
FAR, FAR_LINE = "test_case_0087654", 87_654


def measure(samples: int) -> Measurement:
    """In Chromium; Firefox beside it."""
    if not search.is_there(site.shared().address(f"job {LINES}")):
        raise CannotRun("this server has no search of logs")
    taken = in_turns(samples, [_total, _hit])
    others = [
        figure("Firefox", taken["Firefox"][0], MOST),
        *(figure(f"the first hit is painted, {name}", both[1], MOST_HIT) for name, both in taken.items()),
    ]
    return Measurement(Samples("Chromium", tuple(taken["Chromium"][0])), figures=tuple(others))


def _total(opened: Opened) -> float:
    with opened("") as tab:
        tab.go(site.shared().address(f"job {LINES}"))
        taken, total = search.asked(tab, WANTED)
    assert total == sum(1 for number in range(1, LINES) if number % 4 == 0 and number % 10_000), total
    return taken


def _hit(opened: Opened) -> float:
    with opened("") as tab:
        tab.go(f"{site.shared().address(f'job {LINES}')}#s1-L{LINES // 2}")
        tab.run(f"() => forgeBench.when(() => forgeBench.shown({LINES // 2}))")
        return search.typed(tab, FAR, FAR_LINE)
