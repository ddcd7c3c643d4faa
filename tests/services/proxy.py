"""A TCP relay that loses answers: the request arrives, the connection breaks before the answer does. Or requests.

It can also be cut as a whole: then it is as if the server behind it had died.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType


class LossyProxy:
    """Relays to a port of 127.0.0.1, or to the socket at a path.

    ``drop`` sees each piece of an answer, ``hold`` each of a request; True: it is lost, with its connection.
    """

    def __init__(
        self,
        target: int | Path,
        drop: Callable[[bytes], bool] = lambda piece: False,
        hold: Callable[[bytes], bool] = lambda piece: False,
    ) -> None:
        self._target, self._drop, self._hold = target, drop, hold
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.dropped = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> LossyProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cut()

    def cut(self) -> None:
        """Break all connections, and take none any more."""
        _shut(self._listener)  # wakes the thread that accepts
        self._listener.close()
        with self._lock:
            for one in self._open:
                _shut(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        with closing(client), closing(server):
            up = threading.Thread(target=self._pump, args=(client, server, self._hold), daemon=True)
            up.start()
            self._pump(server, client, self._drop)
            up.join()
        with self._lock:
            self._open -= {client, server}

    def _connect(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._target))
        return server

    def _pump(self, source: socket.socket, target: socket.socket, drop: Callable[[bytes], bool]) -> None:
        try:
            while piece := source.recv(65536):
                if drop(piece):
                    self.dropped += 1
                    break
                target.sendall(piece)
        except OSError:
            pass  # either side has gone; both are shut below
        _shut(source)
        _shut(target)


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is shut already
