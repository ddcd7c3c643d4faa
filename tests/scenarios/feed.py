"""The live streams of the server as something to wait for: what a page in a browser listens to."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any

import httpx


class TooLate(AssertionError):
    """What was waited for did not come within its time."""


class Feed:
    """One stream of server-sent events, held open by the server. ``next`` blocks until it says something."""

    def __init__(self, client: httpx.Client, path: str, until: float) -> None:
        self._until = until
        self._path = path
        held = httpx.Timeout(30, read=45)  # the server says at least every 15 s that it lives
        self._stream = client.stream("GET", path, timeout=held)

    def __enter__(self) -> Feed:
        answer = self._stream.__enter__()
        assert answer.status_code == 200, f"{self._path}: {answer.status_code}"
        self._lines = answer.iter_lines()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.__exit__(kind, error, at)

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's name and data; ``ping`` for a sign of life. ``end`` comes once. Raises TooLate."""
        try:
            return self._next()
        except httpx.ReadTimeout:
            raise TooLate(f"{self._path}: the server was silent for 45 s") from None

    def _next(self) -> tuple[str, dict[str, Any]]:
        name = ""
        for line in self._lines:
            if time.monotonic() > self._until:
                raise TooLate(f"{self._path}: not within its time")
            if line.startswith(":"):
                return "ping", {}
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                return name, json.loads(line[6:])
        return "end", {}
