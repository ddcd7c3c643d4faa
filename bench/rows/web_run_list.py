"""The list of 100,000 runs with every filter, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from bench.measurement import Figure, Measurement, Samples, written
from bench.web import site
from bench.web.looks import figure

NUMBER = 120
WHAT = "the list of 100,000 runs: request → first byte, the slowest of its filters"
GOAL = None

RUNS = int(os.environ.get("BENCH_LISTED", "100000"))
MOST_FIRST_BYTE, MOST_STATEMENTS = 0.12, 12


def measure(samples: int) -> Measurement:
    """Each filter so often, over the socket; the slowest is judged, all are noted."""
    figures: list[Figure] = []
    lines: list[str] = []
    with site.served(RUNS) as lite:
        _measure("SQLite", lite, samples, figures, lines)
    with site.on_postgresql(RUNS) as (large, _):
        _measure("PostgreSQL", large, samples, figures, lines)
    first = figures[0].samples
    note = "\n   ".join(["p50 / p95; statements", *lines])
    return Measurement(Samples(first.name, first.values), note=note, figures=tuple(figures))


def _measure(database: str, served: site.Site, samples: int, figures: list[Figure], lines: list[str]) -> None:
    asked = dict(_requests(served.paths))
    asks: dict[str, dict[str, Any]] = served.module("bench.web.statements", *asked.values())
    taken: dict[str, list[float]] = {name: [] for name in asked}
    with httpx.Client(trust_env=False, timeout=120) as client:
        for number in range(samples + 1):
            for name, path in asked.items():
                value = served.first_byte(client, path)
                if number:
                    taken[name].append(value)
    worst = max((Samples(f"{database}, {name}", tuple(values)) for name, values in taken.items()), key=lambda s: s.p95)
    counts = [asks[path]["statements"] for path in asked.values()]
    figures += [
        figure(worst.name, worst.values, MOST_FIRST_BYTE, percent=95),
        figure(f"{database}, statements of each", counts, MOST_STATEMENTS, "statements", percent=100),
    ]
    for name, path in asked.items():
        each = Samples(name, tuple(taken[name]))
        whole = f"; reads {', '.join(asks[path]['whole'])} whole" if asks[path]["whole"] else ""
        times = f"{written(each.p50, 's')} / {written(each.p95, 's')}"
        lines.append(f"{database:10} {name:24} {times:20} {asks[path]['statements']}{whole}")


def _requests(paths: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Name and path of each."""
    middle = RUNS // 2
    day = f"{datetime.now(UTC) - timedelta(minutes=middle):%Y-%m-%d}"
    sha = hashlib.md5(str(middle).encode(), usedforsecurity=False).hexdigest()
    yield "all", paths["list"]
    yield "of a workflow", paths["workflow"]
    yield "an older page", f"{paths['list']}?after={middle}"
    for name, query in {
        "state": "is:failure",
        "state, none": "is:timed_out",
        "running": "is:in_progress",
        "branch": "branch:topic-7",
        "branch, none": "branch:none",
        "actor": "actor:actor3",
        "event": "event:schedule",
        "workflow": "workflow:2.yml",
        "created": f"created:<={day}",
        "commit": f"sha:{sha[:8]}",
        "words": "Change",
        "words, none": "nothing-like-it",
        "branch, state, actor": "branch:main is:failure actor:actor7",
        "workflow, event, state": "workflow:3.yml event:schedule is:success",
        "words and state": "is:cancelled Change",
    }.items():
        yield name, f"{paths['list']}?{urlencode({'query': query})}"
