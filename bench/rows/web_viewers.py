"""Five hundred people have the page of one run open, and nothing happens."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
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
#: Seconds after which a connection of PostgreSQL that rests has reported what it did before (PGSTAT_IDLE_INTERVAL).
REPORTED = 11
MOST_MEMORY, MOST_TRANSACTIONS, MOST_CONNECTIONS = 100, 0.5, 1


def measure(samples: int) -> Measurement:
    """Once, on PostgreSQL, which counts for itself: first with one viewer, then with all of them."""
    with site.on_postgresql(RUNS) as (served, database):
        memory, few, many = asyncio.run(_watch(served, database))
    more = many.transactions - few.transactions
    figures = (
        figure("memory for each", [memory], MOST_MEMORY, "KB"),
        figure("transactions of the database more than with one viewer", [more], MOST_TRANSACTIONS, "/s"),
        figure("connections that are at work, looked at each second", many.at_work, MOST_CONNECTIONS, "", percent=95),
    )
    note = f"{few.transactions:.2f} transactions/s with one viewer; the pool held {many.there} connections at the end."
    return Measurement(Samples("memory for each", (memory,), "KB"), note=note, figures=figures)


@dataclass(frozen=True)
class Database:
    """What it had to do: transactions a second, connections at work each second, connections at the end."""

    transactions: float
    at_work: tuple[float, ...]
    there: int


async def _watch(served: site.Site, database: str) -> tuple[float, Database, Database]:
    """KB a viewer, and the database with one of them and with all."""
    viewers = [await _view(served)]  # what the first one needs is there
    few = await _look_on(database)
    before = _resident(served.pid)
    viewers += [await _view(served) for _ in range(VIEWERS)]
    after = _resident(served.pid)
    many = await _look_on(database)
    for _, writer in viewers:
        writer.close()
    return (after - before) / VIEWERS / KILOBYTE, few, many


async def _look_on(database: str) -> Database:
    await asyncio.sleep(REPORTED)
    begun, count = time.monotonic(), _asked(database, _TRANSACTIONS)
    at_work = []
    for _ in range(SECONDS):
        await asyncio.sleep(1)
        at_work.append(float(_asked(database, _AT_WORK)))
    rate = (_asked(database, _TRANSACTIONS) - count) / (time.monotonic() - begun)
    return Database(rate, tuple(at_work), _asked(database, _THERE))


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


_TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
_THERE = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
_AT_WORK = f"{_THERE} AND state <> 'idle'"


def _asked(database: str, question: str) -> int:
    """A number from another database of the same server, so that asking does not count."""
    address, _, name = database.rpartition("/")
    with psycopg.connect(f"{address}/postgres") as connection:
        [number] = connection.execute(question, [name]).fetchone() or (0,)
        return int(number)
