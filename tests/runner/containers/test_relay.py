"""forge-relay, without any container: connections and datagrams to localhost reach another port."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.containers import relay
from runner.errors import InfrastructureError
from tests.absent import absent
from tests.services.process import Process, free_port


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return relay.program(tmp_path_factory.mktemp("data"))
    except InfrastructureError as error:
        absent(str(error))


@pytest.fixture
def echo() -> Iterator[int]:
    """A port that answers all that it got when its caller has said everything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_echo, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _echo(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as reader:
            connection.sendall(reader.read())


def test_both_directions_and_their_ends(program: Path, echo: int) -> None:
    port, sent = free_port(), os.urandom(3 << 20)
    with Process([program, f"tcp:{port}:127.0.0.1:{echo}"]) as process:
        process.wait_for("ready")
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as reader:
                assert reader.read() == sent


def test_nobody_behind_it_is_a_reset(program: Path) -> None:
    port = free_port()
    with Process([program, f"tcp:{port}:127.0.0.1:{free_port()}"]) as process:
        process.wait_for("ready")
        with (
            pytest.raises(ConnectionResetError),
            socket.create_connection(("127.0.0.1", port), 10) as connection,
        ):
            connection.recv(1)


def test_datagrams_find_their_way_back(program: Path) -> None:
    port = free_port()
    kind = (socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(*kind) as server, socket.socket(*kind) as one, socket.socket(*kind) as two:
        server.bind(("127.0.0.1", 0))
        for each in (server, one, two):
            each.settimeout(10)
        with Process([program, f"udp:{port}:127.0.0.1:{server.getsockname()[1]}"]) as process:
            process.wait_for("ready")
            for each, text in ((one, b"one"), (two, b"two"), (one, b"more")):
                each.sendto(text, ("127.0.0.1", port))
                got, sender = server.recvfrom(99)
                server.sendto(b"<" + got + b">", sender)
                assert each.recv(99) == b"<" + text + b">"


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("tcp:1:2", "is no protocol:port:address:port"),
        ("tcp:1:1.2.3.4:5x", "is no protocol:port:address:port"),
        ("tcp:1:1.2.3.400:5", "is no address"),
    ],
)
def test_what_is_no_route(program: Path, route: str, words: str) -> None:
    with Process([program, route]) as process:
        assert process.wait() == 1
        assert words in process.output


def test_a_port_that_is_taken(program: Path, echo: int) -> None:
    with Process([program, f"tcp:{echo}:127.0.0.1:1"]) as process:
        assert process.wait() == 1
        assert "in use" in process.output
