"""The bare engine: what a job's container costs without Forge."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any


class Floor:
    """A container made just as the agent makes a job's, in which commands run by ``docker exec``."""

    def __init__(self, client: Any, same: dict[str, Any], folder: Path) -> None:
        self._api = client.api
        self._settings = _like(same, folder)
        self._folder = folder
        self._standing = ""

    def __enter__(self) -> Floor:
        self._standing = self._made()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._api.remove_container(self._standing, force=True, v=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def exec_(self, command: str, container: str = "") -> float:
        """Seconds from the call to the first byte that the command writes."""
        started = time.monotonic()
        made = self._api.exec_create(container or self._standing, ["sh", "-c", command])["Id"]
        output = self._api.exec_start(made, stream=True)
        next(output)
        taken = time.monotonic() - started
        for _ in output:
            pass
        return taken

    def create_start_exec(self, command: str) -> float:
        """Seconds from the request to create a container to the first byte that a command in it writes."""
        started = time.monotonic()
        made = self._made()
        try:
            self.exec_(command, made)
            return time.monotonic() - started
        finally:
            self._api.remove_container(made, force=True, v=True)

    def shell(self, commands: list[str]) -> float:
        """Seconds from the call of one shell to the output of the last of these, each given when the one before has
        answered."""
        started = time.monotonic()
        made = self._api.exec_create(self._standing, ["sh"], stdin=True)["Id"]
        connection = self._api.exec_start(made, socket=True)
        wire: socket.socket = connection._sock
        for command in commands:
            wire.sendall(f"{command}\n".encode())
            _line(wire)
        taken = time.monotonic() - started
        connection.close()
        return taken

    def script(self, command: str, times: int) -> float:
        """Seconds that one shell in the container needs for such a step's process: bash and its command."""
        loop = f'i=0; while [ $i -lt {times} ]; do bash -e -c "{command}" >/dev/null; i=$((i+1)); done'
        made = self._api.exec_create(self._standing, ["sh", "-c", f"date +%s.%N; {loop}; date +%s.%N"])["Id"]
        first, last = self._api.exec_start(made).split()
        return (float(last) - float(first)) / times

    def kill(self) -> float:
        """Seconds from the order to kill a running container until it is gone."""
        made = self._made()
        started = time.monotonic()
        self._api.kill(made)
        self._api.remove_container(made, force=True, v=True)
        return time.monotonic() - started

    def _made(self) -> str:
        made: str = self._api.create_container_from_config(self._settings)["Id"]
        try:
            self._api.start(made)
        except BaseException:
            self._api.remove_container(made, force=True, v=True)
            raise
        return made


def _like(same: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a container like that, with folders of its own and a first process that only waits."""
    binds = []
    for bind in same["HostConfig"]["Binds"]:
        source, target, mode = bind.split(":")
        if target.startswith("/__e/"):
            continue  # the way to the agent
        if mode != "ro":
            source = folder / target.strip("/").replace("/", "-")
            source.mkdir(parents=True, exist_ok=True)
        binds.append(f"{source}:{target}:{mode}")
    settings = {**same["Config"], "Hostname": "", "Labels": {}, "Entrypoint": ["sleep"], "Cmd": ["1000000"]}
    settings["HostConfig"] = {**same["HostConfig"], "Binds": binds, "AutoRemove": False}
    return settings


def _line(wire: socket.socket) -> None:
    """Read until a line has come, the engine's frames and all."""
    while not wire.recv(4096).endswith(b"\n"):
        pass
