"""What several rows do alike: in both browsers by turns, as often as they are asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.measurement import Figure, Samples
from bench.web import site
from bench.web.browsers import BROWSERS, Opened
from tests.machine import CHROMIUM, FIREFOX

#: So many of a row whose samples take long.
FEW = 5


@contextmanager
def browsers() -> Iterator[dict[str, Opened]]:
    """Chromium and Firefox, by name. CannotRun without them."""
    site.needs(CHROMIUM, FIREFOX)
    with ExitStack() as stack:
        yield {name: stack.enter_context(start()) for name, start in BROWSERS}


def in_turns(samples: int, looks: Sequence[Callable[[Opened], float]]) -> dict[str, list[list[float]]]:
    """What each look at a page gives in each browser, sample beside sample. The first of each finds cold caches, and
    does not count."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in looks] for name, _ in BROWSERS}
    with browsers() as both:
        for number in range(min(samples, FEW) + 1):
            for name, opened in both.items():
                for look, values in zip(looks, taken[name], strict=True):
                    value = look(opened)
                    if number:
                        values.append(value)
    return taken


def first_seen(opened: Opened, address: str, line: int) -> float:
    """Seconds from the beginning of a navigation until that line of the log is painted."""
    with opened(f"forgeBench.first = forgeBench.when(() => forgeBench.shown({line}));") as tab:
        tab.go(address)
        return float(tab.run("() => forgeBench.first")) / 1000


def figure(name: str, values: Sequence[float], most: float | None, unit: str = "s", percent: float = 50) -> Figure:
    """A figure with its goal."""
    return Figure(Samples(name, tuple(values), unit), most, percent)
