"""A Redis of our own that keeps nothing on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.process import Process, free_port


class NotInstalled(Exception):
    """The program is not on this machine."""


@contextmanager
def redis() -> Iterator[str]:
    """A running, empty server; yields its redis:// address."""
    if shutil.which("redis-server") is None:
        raise NotInstalled("Redis is not installed: apt-get install redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="forge-redis-") as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "no"]
        with Process(["redis-server", *options]) as server:
            server.wait_for("Ready to accept connections")
            yield f"redis://127.0.0.1:{port}/0"
