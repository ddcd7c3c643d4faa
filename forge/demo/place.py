"""Where the demonstration listens and keeps its data."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USUAL_PORT = 8000


class CannotStart(Exception):
    """The demonstration cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """A port that is free now, and a folder, gone at the end when it is `temporary`.

    `note` says when the port is not the one that was expected.
    """

    port: int
    data: Path
    temporary: bool
    note: str = ""

    @property
    def url(self) -> str:
        """The server's address for people."""
        return f"http://127.0.0.1:{self.port}"


def choose(environment: Mapping[str, str] = os.environ, usual: int = USUAL_PORT) -> Place:
    """PORT and DATA as given; without them the usual port or a free one, and a new temporary folder.

    Raises CannotStart when the PORT that was asked for is taken or is none.
    """
    port, note = _port(environment.get("PORT", ""), usual)
    given = environment.get("DATA", "")
    data = Path(given).resolve() if given else Path(tempfile.mkdtemp(prefix="forge-demo-"))
    data.mkdir(parents=True, exist_ok=True)
    return Place(port, data, not given, note)


def _port(given: str, usual: int) -> tuple[int, str]:
    if given:
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise CannotStart(f"PORT={given}: give a number from 1 to 65535")
        if not is_free(int(given)):
            raise CannotStart(f"PORT={given}: something listens there already; choose another, or leave PORT out")
        return int(given), ""
    if is_free(usual):
        return usual, ""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return port, f"port {usual} is taken, so it is {port}"


def is_free(port: int) -> bool:
    """True when one could listen on this port of every address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
