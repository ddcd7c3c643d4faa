"""The agent's end of the connection to forge-init; what is said on it stands in forge_init.c.

The socket is there until the container's first process has connected. Who connects is asked of the kernel, so that no
other process of this machine can pass for it; then the socket is closed and removed, before any step. What comes back
is of one size, and believed about the results of steps only.
"""

from __future__ import annotations

import array
import contextlib
import logging
import os
import shutil
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runner.backends.base import Command, SignalName
from runner.errors import InfrastructureError

_MESSAGE = struct.Struct("=IIq64s")
_PEER = struct.Struct("iII")  # pid, uid, gid
_HELLO, _START, _SIGNAL, _LIVE, _EXITED, _KILLED, _UNABLE, _FORGET = range(1, 9)
_PROTOCOL = 1
_MARK = 63  # bytes of a tracking id
_STEPS = 60  # at once; forge-init has room for a few more
_SEND_WAIT = 5  # s that the container may leave a message untaken
_SOCKET = "socket"
_GONE = "The job's container is gone. A step, or someone else, has ended it."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class End:
    """How a step's process ended, as forge-init tells it."""

    code: int  # 128 and more for signals, as a shell says it
    problem: str = ""  # why there was no process at all
    is_lost: bool = False  # the connection ended first


class Listener:
    """A socket in a folder of its own, which the container sees."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o755)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            # By the descriptor: an address has room for 107 bytes, and a data folder may lie deep.
            self._socket.bind(f"/proc/self/fd/{handle}/{_SOCKET}")
        finally:
            os.close(handle)
        (folder / _SOCKET).chmod(0o666)  # whoever the image's user is
        self._socket.listen(8)

    def accept(self, pid: int, seconds: float, is_over: Callable[[], bool]) -> Channel | None:
        """The connection of this process and no other; None when it does not come, or ``is_over`` says it cannot."""
        deadline = time.monotonic() + seconds
        self._socket.settimeout(0.05)
        while time.monotonic() < deadline and not is_over():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            peer = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))[0]
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            if peer == pid and _says_hello(connection):
                return Channel(connection)
            log.warning("a stranger (process %s) spoke on the socket of a container", peer)
            connection.close()
        return None

    def close(self) -> None:
        """Nobody can connect any more. The folder goes with the container."""
        self._socket.close()
        (self.folder / _SOCKET).unlink(missing_ok=True)

    def remove(self) -> None:
        """The folder too."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _says_hello(connection: socket.socket) -> bool:
    try:
        data = connection.recv(_MESSAGE.size + 1)
    except OSError:
        return False
    return len(data) == _MESSAGE.size and _MESSAGE.unpack(data)[:3] == (_HELLO, 0, _PROTOCOL)


class Channel:
    """One container's forge-init. ``start`` and the others may be called from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(None)
        wait = struct.pack("ll", _SEND_WAIT, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        self._connection = connection
        self._lock = threading.Lock()
        self._running: dict[int, Callable[[End], None]] = {}
        self._kept: set[int] = set()  # those that forge-init has not been told to forget
        self._last = 0
        self._lost: Callable[[], None] | None = None
        self.is_closed = False  # by ourselves
        self.over = threading.Event()  # by ourselves, or because the other end is gone
        threading.Thread(target=self._listen, name="forge-init", daemon=True).start()

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this, once, when the other end is gone and it was not us who let go; at once when that is so already."""
        with self._lock:
            self._lost = call
            is_lost = self.over.is_set() and not self.is_closed
        if is_lost:
            call()

    def start(self, command: Command, output: int, ended: Callable[[End], None]) -> int:
        """Start a process whose stdout and stderr is this pipe; its number. ``ended`` is called once."""
        mark = command.tracking_id.encode()
        if len(mark) > _MARK:
            raise InfrastructureError("container_failed", "A tracking id is too long.")
        with _words(command) as words:
            with self._lock:
                if self.over.is_set():
                    raise InfrastructureError("container_lost", _GONE)
                if len(self._kept) >= _STEPS:
                    raise InfrastructureError("container_failed", f"More than {_STEPS} processes of steps run at once.")
                self._last += 1
                number = self._last
                self._running[number] = ended
                self._kept.add(number)
            try:
                self._send(_MESSAGE.pack(_START, number, 0, mark), (words.fileno(), output))
            except OSError as error:
                with self._lock:
                    self._kept.discard(number)
                    is_told = self._running.pop(number, None) is None
                if not is_told:  # else the end of the connection was seen first, and with it that of this one
                    text = f"{_GONE} ({error.strerror or error})"
                    raise InfrastructureError("container_lost", text) from error
        return number

    def signal(self, number: int, name: SignalName) -> None:
        """Signal all that a step has started; without effect when it has ended."""
        with contextlib.suppress(OSError):
            self._send(_MESSAGE.pack(_SIGNAL, number, getattr(signal, f"SIG{name}"), b""))

    def forget(self, number: int) -> None:
        """It will not be signalled any more."""
        with self._lock:
            self._kept.discard(number)
        with contextlib.suppress(OSError):
            self._send(_MESSAGE.pack(_FORGET, number, 0, b""))

    def live(self, seconds: float) -> None:
        """End everything in the container after so long, unless this is said again. Never waits: a container that
        hangs must not keep the agent from renewing its leases."""
        with contextlib.suppress(OSError):
            self._send(_MESSAGE.pack(_LIVE, 0, int(seconds * 1000), b""), flags=socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Let go; forge-init ends all that runs, and the container with it."""
        with self._lock:
            self.is_closed = True
            self.over.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, message: bytes, descriptors: tuple[int, ...] = (), flags: int = 0) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self._connection.sendmsg([message], rights, socket.MSG_NOSIGNAL | flags)

    def _listen(self) -> None:
        with self._connection:
            while (message := self._receive()) is not None:
                kind, number, value = message
                with self._lock:
                    ended = self._running.pop(number, None)
                if ended is not None:
                    ended(_end(kind, value))
            with self._lock:
                self.over.set()
                left, self._running = self._running, {}
                lost = None if self.is_closed else self._lost
        for ended in left.values():
            ended(End(128 + signal.SIGKILL, is_lost=True))
        if lost is not None:
            lost()

    def _receive(self) -> tuple[int, int, int] | None:
        """The next word of forge-init; None when there will be none, or none that makes sense."""
        try:
            data = self._connection.recv(_MESSAGE.size + 1)
        except OSError:
            return None
        if len(data) != _MESSAGE.size:
            return None
        kind, number, value, _ = _MESSAGE.unpack(data)
        return (kind, number, value) if kind in (_EXITED, _KILLED, _UNABLE) else None


def _end(kind: int, value: int) -> End:
    if kind == _UNABLE:
        return End(126, os.strerror(value & 0xFFF))
    return End(128 + (value & 0x7F) if kind == _KILLED else value & 0xFF)


def _words(command: Command) -> IO[bytes]:
    """A memory file with all that a step's process is."""
    variables = (f"{name}={value}" for name, value in command.environment.items())
    texts = (str(len(command.argv)), command.directory, *command.argv, *variables)
    file = os.fdopen(os.memfd_create("step", os.MFD_CLOEXEC), "wb")
    file.write(b"".join(_bytes(text).replace(b"\0", b"") + b"\0" for text in texts))
    file.flush()
    return file


def _bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # half of a pair, which no bytes stand for
        return text.encode(errors="replace")
