"""Repeat a transaction that the database broke off to let another one through."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
_SQLSTATES = ("40001", "40P01")  # serialization failure, deadlock


def on_deadlock(verb: Callable[P, R]) -> Callable[P, R]:
    """The verb opens its own transaction; broken off by a deadlock it runs again, three times in all.

    Within a transaction of the caller it runs once: only the outermost can be repeated.
    """

    @functools.wraps(verb)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(TRIES)):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                if not left or connection.in_atomic_block or not _broken_off(error):
                    raise
            time.sleep(random.uniform(0.005, 0.05))  # so that the two do not meet again in step
        raise AssertionError("the last try returns or raises")

    return repeated


def _broken_off(error: OperationalError) -> bool:
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    return getattr(error.__cause__, "sqlstate", None) in _SQLSTATES
