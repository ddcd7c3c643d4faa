"""A connection that is given up goes to the next who asks, unless something of its user clings to it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError

from forge.sqlite.base import DatabaseWrapper
from forge.sqlite.pool import MOST_IDLE, Pool, key_of

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.sqlite3"


@pytest.fixture
def connect(file: Path) -> Iterator[Callable[[], DatabaseWrapper]]:
    """Makes what a request has of a database: ``connect()``, always of the same file."""
    made: list[DatabaseWrapper] = []

    def new() -> DatabaseWrapper:
        made.append(DatabaseWrapper({**settings.DATABASES["default"], "NAME": str(file)}, f"of-{len(made)}"))
        return made[-1]

    yield new
    for one in made:
        one.close()


def inside(wrapper: DatabaseWrapper) -> Any:
    wrapper.ensure_connection()
    return wrapper.connection


def test_the_next_gets_it(connect: Callable[[], DatabaseWrapper]) -> None:
    first, second, third = connect(), connect(), connect()
    used = inside(first)
    assert inside(second) is not used
    first.close()
    assert first.connection is None
    assert inside(third) is used


def test_what_was_written_is_there(connect: Callable[[], DatabaseWrapper]) -> None:
    first, second = connect(), connect()
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n)")
        cursor.execute("INSERT INTO t VALUES (7)")
    first.close()
    with second.cursor() as cursor:
        assert cursor.execute("SELECT n FROM t").fetchall() == [(7,)]
        assert cursor.execute("PRAGMA foreign_keys").fetchall() == [(1,)]


def in_a_transaction(wrapper: DatabaseWrapper) -> None:
    inside(wrapper).execute("BEGIN")


def with_an_open_cursor(wrapper: DatabaseWrapper) -> sqlite3.Cursor:
    cursor: sqlite3.Cursor = wrapper.create_cursor()
    return cursor.execute("SELECT 1 UNION SELECT 2")


def after_an_error(wrapper: DatabaseWrapper) -> None:
    with pytest.raises(DatabaseError), wrapper.cursor() as cursor:
        cursor.execute("SELECT * FROM nothing_here")


def out_of_autocommit(wrapper: DatabaseWrapper) -> None:
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=False)


@pytest.mark.parametrize("done", [in_a_transaction, with_an_open_cursor, after_an_error, out_of_autocommit])
def test_one_with_something_left_is_closed(
    connect: Callable[[], DatabaseWrapper], done: Callable[[DatabaseWrapper], object]
) -> None:
    wrapper = connect()
    used = inside(wrapper)
    held = done(wrapper)
    wrapper.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used.execute("SELECT 1")
    del held


def test_one_closed_inside_a_block_is_closed(connect: Callable[[], DatabaseWrapper]) -> None:
    wrapper = connect()
    used = inside(wrapper)
    wrapper.in_atomic_block = True
    wrapper.close()
    wrapper.in_atomic_block = False
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used.execute("SELECT 1")


def test_a_file_that_was_replaced_is_another(connect: Callable[[], DatabaseWrapper], file: Path) -> None:
    first, second = connect(), connect()
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE old (n)")
    first.close()
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    with second.cursor() as cursor:
        assert cursor.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_no_more_than_enough_are_kept(file: Path) -> None:
    pool = Pool()
    sqlite3.connect(file).execute("CREATE TABLE t (n)").connection.close()
    options = {"database": file}
    key = key_of(options)
    assert key is not None
    opened = [sqlite3.connect(file) for _ in range(MOST_IDLE + 1)]
    for one in opened:
        pool.give(key, one)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[-1].execute("SELECT 1")
    assert pool.take(options) is opened[-2]
    opened[-2].close()
    pool.close()
    assert pool.take(options) is None


def test_other_options_are_another_connection(file: Path) -> None:
    pool = Pool()
    one = sqlite3.connect(file)
    one.execute("CREATE TABLE t (n)")
    key = key_of({"database": file, "timeout": 5})
    assert key is not None
    pool.give(key, one)
    assert pool.take({"database": file, "timeout": 20}) is None
    assert pool.take({"database": file.with_name("none")}) is None
    assert pool.take({"database": file, "timeout": 5}) is one
    one.close()


def test_a_forked_child_opens_its_own(file: Path) -> None:
    """SQLite forbids to carry a connection over a fork."""
    pool = Pool()
    one = sqlite3.connect(file)
    one.execute("CREATE TABLE t (n)")
    key = key_of({"database": file})
    assert key is not None
    pool.give(key, one)
    child = os.fork()
    if child == 0:
        os._exit(0 if pool.take({"database": file}) is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.take({"database": file}) is one
    one.close()
