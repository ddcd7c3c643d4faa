"""A log of 1,000,000 lines: opened, gone to its end, searched."""

from __future__ import annotations

from bench.measurement import Measurement, Samples
from bench.web import search, site
from bench.web.browsers import Opened
from bench.web.looks import figure, first_seen, in_turns

NUMBER = 18
WHAT = "a log of 1,000,000 lines: open at its first line, go to its end, search; elements of the page"
GOAL = None
MOST = 1.0

LINES, MOST_ELEMENTS = 1_000_000, 2_000
WANTED = "wrote   37 bytes"


def measure(samples: int) -> Measurement:
    """In both browsers by turns."""
    address = site.shared().address(f"job {LINES}")
    looks = {"open": _open, "go to the end": _to_end, "elements": _elements}
    if found := search.is_there(address):
        looks["search"] = _search
    taken = in_turns(samples, list(looks.values()))
    figures = [
        figure(f"{what}, {name}", values, *((MOST_ELEMENTS, "elements") if what == "elements" else (MOST,)))
        for name, all_of_them in taken.items()
        for what, values in zip(looks, all_of_them, strict=True)
    ]
    ours = Samples(figures[0].samples.name, figures[0].samples.values)
    return Measurement(ours, note="" if found else "This server has no search.", figures=tuple(figures[1:]))


def _open(opened: Opened) -> float:
    return first_seen(opened, f"{site.shared().address(f'job {LINES}')}#s1-L1", 1)


def _to_end(opened: Opened) -> float:
    with opened("") as tab:
        tab.go(f"{site.shared().address(f'job {LINES}')}#s1-L1")
        tab.run("() => forgeBench.when(() => forgeBench.shown(1))")
        taken = tab.run(
            """async (line) => {
              const begun = performance.now();
              location.hash = `#s1-L${line}`;
              return (await forgeBench.when(() => forgeBench.shown(line))) - begun;
            }""",
            LINES,
        )
    return float(taken) / 1000


def _elements(opened: Opened) -> float:
    with opened("") as tab:
        tab.go(site.shared().address(f"job {LINES}"))
        tab.run(f"() => forgeBench.when(() => forgeBench.shown({LINES}))")
        return float(tab.run("() => document.getElementsByTagName('*').length"))


def _search(opened: Opened) -> float:
    with opened("") as tab:
        tab.go(site.shared().address(f"job {LINES}"))
        taken, total = search.asked(tab, WANTED)
    assert total == sum(1 for number in range(1, LINES) if number % 4 and number % 10_000 and number * 37 % 4096 == 37)
    return taken
