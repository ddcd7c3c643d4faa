"""Whether a stream that heard nothing has missed something, asked once for all who watch the same.

A wake-up can be lost: then whoever waits finds out by asking now and then. Hundreds may watch one run, so that they
share the question and its answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable
from typing import Protocol, runtime_checkable

from forge.threads import run_sync


@runtime_checkable
class Watched(Protocol):
    """A source of which one cheap value says whether anything has changed; equal for all with the same topics."""

    topics: tuple[str, ...]

    def mark(self) -> Hashable:
        """The value as the rows have it now. Synchronous."""

    def knows(self, mark: Hashable) -> bool:
        """True when all that led to it was looked at."""


class Marks:
    """The marks of this process's streams, each as old as it may be."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, ...], tuple[float, asyncio.Task[Hashable]]] = {}

    async def has_missed(self, source: object, age: float) -> bool:
        """True when the source should look again. A mark may be ``age`` seconds old; a source without one looks."""
        if not isinstance(source, Watched):
            return True
        return not source.knows(await asyncio.shield(self._task(source, age)))  # shared: no viewer may cancel it

    def _task(self, source: Watched, age: float) -> asyncio.Task[Hashable]:
        now, loop = time.monotonic(), asyncio.get_running_loop()
        self._asked = {
            topics: (at, task)
            for topics, (at, task) in self._asked.items()
            if now - at < age and task.get_loop() is loop
        }
        if source.topics not in self._asked:
            self._asked[source.topics] = (now, loop.create_task(run_sync(source.mark)))
        return self._asked[source.topics][1]
