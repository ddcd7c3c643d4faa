"""WebDriver BiDi, as much as is needed: commands to a browser that listens on a WebSocket, and their answers."""

from __future__ import annotations

import itertools
import json
from types import TracebackType
from typing import Any

from websockets.sync.client import connect

#: Seconds that a command may take.
TIMEOUT = 150.0


class Refused(Exception):
    """The browser's word why it does not do what it was told."""


class Connection:
    """One session. What the browser tells unasked is dropped."""

    def __init__(self, address: str) -> None:
        self._socket = connect(f"{address}/session", max_size=None, proxy=None)
        self._numbers = itertools.count(1)
        self.call("session.new", capabilities={})

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of one command. Refused, or TimeoutError."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(TIMEOUT))
            if answer.get("id") != number:
                continue
            if answer["type"] == "error":
                raise Refused(f"{method}: {answer['error']}: {answer['message']}")
            return answer["result"]

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()
