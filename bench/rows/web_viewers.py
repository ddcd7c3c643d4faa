"""Five hundred people have the page of one run open, and nothing happens."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.measurement import Measurement, Samples
from bench.web import site
from bench.web.looks import figure

NUMBER = 122
WHAT = "500 idle viewers of one run: memory of the server for each"
GOAL = None

VIEWERS, RUNS, KILOBYTE = 500, 1_000, 1_000
#: Seconds that they are watched: two pings of each stream.
SECONDS = 32
MOST_MEMORY, MOST_STATEMENTS, MOST_CONNECTIONS = 100, 0.5, 1


def measure(samples: int) -> Measurement:
    """Once, on PostgreSQL, which counts for itself."""
    with site.on_postgresql(RUNS) as (served, database):
        memory, transactions, connections = asyncio.run(_watch(served, database))
    figures = (
        figure("memory for each", [memory], MOST_MEMORY, "KB"),
        figure("transactions of the database, nothing happens", [transactions], MOST_STATEMENTS, "/s"),
        figure("connections to the database more than with one viewer", [connections], MOST_CONNECTIONS, "connections"),
    )
    return Measurement(Samples("memory for each", (memory,), "KB"), figures=figures)


async def _watch(served: site.Site, database: str) -> tuple[float, float, float]:
    """KB a viewer, transactions a second, connections more."""
    await _view(served)  # what the first one needs is there
    before, few = _resident(served.pid), _connections(database)
    viewers = [await _view(served) for _ in range(VIEWERS)]
    after = _resident(served.pid)
    await asyncio.sleep(2)  # the database counts what has gone before
    begun, count = time.monotonic(), _transactions(database)
    await asyncio.sleep(SECONDS)
    rate = (_transactions(database) - count) / (time.monotonic() - begun)
    many = _connections(database)
    for _, writer in viewers:
        writer.close()
    return (after - before) / VIEWERS / KILOBYTE, rate, many - few


async def _view(served: site.Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun."""
    address = urlsplit(served.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    path = f"{served.paths['open']}/events"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
    await writer.drain()
    await reader.readuntil(b"retry: 1000")
    return reader, writer


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def _connections(database: str) -> int:
    return _asked(database, "SELECT count(*) FROM pg_stat_activity WHERE datname = %s")


def _transactions(database: str) -> int:
    return _asked(database, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s")


def _asked(database: str, question: str) -> int:
    """A number from another database of the same server, so that asking does not count."""
    address, _, name = database.rpartition("/")
    with psycopg.connect(f"{address}/postgres") as connection:
        [number] = connection.execute(question, [name]).fetchone() or (0,)
        return int(number)
