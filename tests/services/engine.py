"""A Docker engine of the test's own, which may be stopped and started again.

It runs beside the machine's: in a network namespace of its own, so that bridges, addresses and filters are its alone,
with folders and a socket of its own under /tmp. It has no image but those that the test makes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import docker

from tests.services.process import Process

_PROGRAMS = ("dockerd", "containerd", "runc", "unshare", "ip")
#: Nothing of the machine's configuration, and nothing that would be set for the whole machine.
_SETTINGS = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false")
_END = 1  # s that its containers get when it stops


class CannotRun(Exception):
    """This machine cannot have a second engine; says why."""


class OwnEngine:
    """One that runs within the context."""

    def __init__(self) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing or os.geteuid() != 0:
            raise CannotRun(f"a second engine needs {', '.join(missing) or 'root'}")
        self._folder = Path(tempfile.mkdtemp(prefix="forge-engine-"))  # short: sockets lie in it
        (self._folder / "daemon.json").write_text("{}")
        self.address = f"unix://{self._folder}/sock"
        self._process: Process | None = None

    def __enter__(self) -> OwnEngine:
        try:
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._remove()

    def start(self) -> None:
        """Start it; back when it answers."""
        folder = self._folder
        places = (f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid")
        more = (f"--config-file={folder}/daemon.json", f"--host={self.address}", f"--shutdown-timeout={_END}")
        self._process = Process(["unshare", "--net", "--", "dockerd", *places, *more, *_SETTINGS])
        self._process.wait_for("API listen on")

    def stop(self) -> None:
        """Ask it to end, which ends its containers."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def client(self) -> Any:
        """The SDK's client."""
        return docker.DockerClient(self.address, timeout=60)

    def _remove(self) -> None:
        if self._process is not None:
            self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
