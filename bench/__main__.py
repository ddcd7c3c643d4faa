"""`python -m bench [WHAT …]`: measure, print the table, keep the samples in var/bench.

A word selects the rows whose number it is or whose module has it in its name. BENCH_SAMPLES is how many samples each
row is asked for (20).
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import bench.rows
from bench.measurement import Figure, Measurement, spread, written

OUTPUT = Path(__file__).resolve().parent.parent / "var" / "bench"


def main(words: Sequence[str]) -> int:
    """Measure the rows that the words select; 1 when one missed its goal or could not run."""
    chosen = [row for row in rows() if not words or any(is_meant(row, word) for word in words)]
    if not chosen:
        there = ", ".join(name(row) for row in rows()) or "none"
        print(f"bench: no row is meant by {' '.join(words)!r}; there are: {there}" if words else "bench: no rows yet")
        return 1 if words else 0
    samples = int(os.environ.get("BENCH_SAMPLES", "20"))
    print(f"bench: {machine()}, {samples} samples a row\n", flush=True)
    return max([measure(row, samples) for row in chosen])


def rows() -> list[ModuleType]:
    """Every row there is, in the order of their numbers."""
    names = [f"bench.rows.{module.name}" for module in pkgutil.iter_modules(bench.rows.__path__)]
    return sorted(map(importlib.import_module, names), key=lambda row: int(row.NUMBER))


def name(row: ModuleType) -> str:
    """The module's own name."""
    return row.__name__.rpartition(".")[2]


def is_meant(row: ModuleType, word: str) -> bool:
    """True when the word is the row's number or part of its name."""
    return word == str(row.NUMBER) or (not word.isdigit() and word in name(row))


def measure(row: ModuleType, samples: int) -> int:
    """One row: its lines of the table, its samples on disk; 1 when it missed its goal or could not run."""
    print(f"{row.NUMBER}. {row.WHAT}", flush=True)
    try:
        measured: Measurement = row.measure(samples)
    except bench.rows.CannotRun as reason:
        print(f"   cannot run: {reason}\n", flush=True)
        return 1
    keep(row, measured)
    for line in lines(measured):
        print(f"   {line}")
    missed = False
    for text, value, limit in goals(row, measured):
        is_missed = limit is not None and value >= limit
        missed = missed or is_missed
        goal = f"; goal under {limit:g}: {'missed' if is_missed else 'met'}" if limit is not None else ""
        print(f"   {text}: {value:.3g}{goal}")
    for figure in measured.figures:
        missed = missed or figure.is_missed
        print(f"   {judged(figure)}")
    print(f"   {measured.note}\n" if measured.note else "", flush=True)
    return int(missed)


def goals(row: ModuleType, measured: Measurement) -> list[tuple[str, float, float | None]]:
    """What the row is judged by, its value, and the limit, where it has one."""
    found: list[tuple[str, float, float | None]] = []
    if measured.ratio is not None:
        found.append(("× the floor", measured.ratio, row.GOAL))
    if measured.floor is not None and (limit := getattr(row, "GOAL_P95", None)) is not None:
        found.append(("p95 × the floor's p50", measured.ours.p95 / measured.floor.p50, limit))
    if (limit := getattr(row, "MOST", None)) is not None:
        found.append(("p50", measured.ours.p50, limit))
    if (limit := getattr(row, "MOST_P95", None)) is not None:
        found.append(("p95", measured.ours.p95, limit))
    return found


def judged(figure: Figure) -> str:
    """A further figure in a line, with its goal."""
    p50, p95, count = spread(figure.samples)
    said = f"{figure.samples.name}: p50 {p50}, p95 {p95}, {count} samples"
    if figure.most is None:
        return said
    limit = written(figure.most, figure.samples.unit)
    return f"{said}; p{figure.percent:g} at most {limit}: {'missed' if figure.is_missed else 'met'}"


def lines(measured: Measurement) -> list[str]:
    """Ours and the floor, aligned."""
    both = [each for each in (measured.ours, measured.floor) if each]
    width = max(len(each.name) for each in both)
    made = []
    for each in both:
        p50, p95, count = spread(each)
        made.append(f"{each.name:{width}}  p50 {p50:>10}  p95 {p95:>10}  {count} samples")
    return made


def keep(row: ModuleType, measured: Measurement) -> None:
    """Write every sample down, for those who want to look closer."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    all_of_them = (measured.ours, measured.floor, *(figure.samples for figure in measured.figures))
    both = {each.name: list(each.values) for each in all_of_them if each}
    content = {"row": row.NUMBER, "what": row.WHAT, "machine": machine(), "time": time.time(), "samples": both}
    (OUTPUT / f"{row.NUMBER:02}-{name(row)}.json").write_text(json.dumps(content, indent=1) + "\n")


def machine() -> str:
    """What was measured on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
