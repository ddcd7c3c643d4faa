"""Lists of runs and the page of a run, in repositories of three sizes on PostgreSQL, asked in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.measurement import Measurement, Samples, written
from bench.rows import CannotRun
from tests.services import postgresql
from tests.services.stack import clean

NUMBER = 13
WHAT = "list runs, each filter, and the run page at 1,000,000 runs (the slowest beside itself)"
GOAL = 1.5

SIZES = tuple(map(int, os.environ.get("BENCH_RUNS", "1000,30000,1000000").split(",")))
_ROOT = Path(__file__).resolve().parents[2]


class Peer:
    """A process with a database of its own; its first line says what it can be asked."""

    def __init__(self, size: int, database: str, folder: str) -> None:
        place = {
            "FORGE_DATABASE_URL": database,
            "FORGE_DATA": folder,
            "FORGE_URL": "http://testserver",
            "DJANGO_SETTINGS_MODULE": "forge.settings",
        }
        self.size = size
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.engine.lists", str(size)],
            cwd=_ROOT,
            env=clean(place),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.names: list[str] = self._answer()

    def ask(self, what: str) -> Any:
        """Seconds of a request, or what ``plans`` answers."""
        assert self._process.stdin
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the process with {self.size} runs ended with status {self._process.wait()}")
        return json.loads(line)


def measure(samples: int) -> Measurement:
    """Every request of every size, sample beside sample. The row stands for the one that grows most."""
    with _peers() as peers:
        plans = [peer.ask("plans") for peer in peers]
        names = peers[-1].names
        taken: dict[str, list[list[float]]] = {name: [[] for _ in peers] for name in names}
        for _ in range(samples):
            for name in names:
                for at, peer in zip(taken[name], peers, strict=True):
                    at.append(peer.ask(name))
    growth = {name: statistics.median(all_[-1]) / statistics.median(all_[0]) for name, all_ in taken.items()}
    worst = max(growth, key=lambda name: growth[name])
    lines = [_line(name, taken[name], growth[name], [one[name] for one in plans]) for name in names]
    ours, floor = (Samples(f"{worst}, {peers[at].size:,} runs", tuple(taken[worst][at])) for at in (-1, 0))
    return Measurement(ours, floor, "\n   ".join(["p50 by size; ratio; statements by size", *lines]))


def _line(name: str, taken: list[list[float]], growth: float, plans: list[dict[str, Any]]) -> str:
    times = " / ".join(written(statistics.median(values), "s") for values in taken)
    counts = " / ".join(str(plan["statements"]) for plan in plans)
    whole = plans[-1]["whole"]
    return f"{name:46} {times:32} {growth:5.2f}  {counts}" + (f"  reads {', '.join(whole)} whole" if whole else "")


@contextmanager
def _peers() -> Iterator[list[Peer]]:
    with ExitStack() as stack:
        peers = []
        for size in SIZES:
            try:
                database = stack.enter_context(postgresql.postgresql())
            except postgresql.NotInstalled as error:
                raise CannotRun(str(error)) from error
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="forge-bench-"))
            peers.append(Peer(size, database, folder))
            stack.callback(peers[-1].close)
        yield peers
