"""The write-ahead log is copied into the database by a thread of its own, and nobody waits for that."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.sqlite.checkpoints import Checkpoints
from tests.services.stack import eventually

pytestmark = pytest.mark.sqlite

ENOUGH = 256 << 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.sqlite3"


@pytest.fixture
def rows(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that never copies anything itself."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE t (data)")
    yield connection
    connection.close()


def length(file: Path) -> int:
    return os.stat(f"{file}-wal").st_size


def test_what_is_long_enough_is_copied(file: Path, rows: sqlite3.Connection) -> None:
    checkpoints = Checkpoints(ENOUGH)
    rows.execute("INSERT INTO t VALUES (zeroblob(1000))")
    checkpoints.note(str(file))
    checkpoints.settle()
    assert length(file) > 0
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (ENOUGH,))
    checkpoints.note(str(file))
    eventually(lambda: length(file) == 0, timeout=10)
    assert file.stat().st_size > ENOUGH
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (ENOUGH,))  # and once more
    checkpoints.note(str(file))
    eventually(lambda: length(file) == 0, timeout=10)


def test_those_who_write_come_first(file: Path, rows: sqlite3.Connection) -> None:
    checkpoints = Checkpoints(ENOUGH, quiet=3600, much=4 * ENOUGH)
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (2 * ENOUGH,))
    checkpoints.note(str(file))
    time.sleep(0.1)  # enough for one that does not wait
    assert length(file) > 2 * ENOUGH
    assert not checkpoints.is_idle
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (2 * ENOUGH,))  # but not for ever
    checkpoints.note(str(file))
    eventually(lambda: length(file) == 0, timeout=10)


def test_while_somebody_writes_it_is_not_time_yet(file: Path, rows: sqlite3.Connection) -> None:
    now = 1000.0
    checkpoints = Checkpoints(ENOUGH, quiet=0.2, clock=lambda: now)
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (2 * ENOUGH,))
    for _ in range(3):
        checkpoints.note(str(file))
        now += 0.15
        time.sleep(0.25)  # enough for it to look again
        assert length(file) > 2 * ENOUGH
    now += 0.1
    eventually(lambda: length(file) == 0, timeout=10)


def test_a_reader_keeps_what_it_sees(file: Path, rows: sqlite3.Connection) -> None:
    checkpoints = Checkpoints(ENOUGH)
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (2 * ENOUGH,))
    checkpoints.note(str(file))
    eventually(lambda: checkpoints.is_idle, timeout=10)
    rows.execute("INSERT INTO t VALUES (1)")  # nobody waits for the reader
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    reader.close()
    rows.execute("INSERT INTO t VALUES (zeroblob(?))", (2 * ENOUGH,))
    checkpoints.note(str(file))
    eventually(lambda: length(file) == 0, timeout=10)
    assert rows.execute("SELECT count(*) FROM t").fetchone() == (3,)


def test_what_is_gone_harms_nobody(file: Path, rows: sqlite3.Connection) -> None:
    checkpoints = Checkpoints(0)
    checkpoints.note(str(file.with_name("another")))
    Path(f"{file.with_name('gone')}-wal").touch()
    checkpoints.note(str(file.with_name("gone")))
    eventually(lambda: checkpoints.is_idle, timeout=10)
    assert not file.with_name("gone").exists()
    rows.execute("INSERT INTO t VALUES (zeroblob(1000))")
    checkpoints.note(str(file))
    eventually(lambda: length(file) == 0, timeout=10)
