"""`forge up --runner` as `make up` starts it: one runner, also the second time, also without an engine; and on a unix
socket besides."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import httpx
import pytest

from tests.services.process import Process

pytestmark = pytest.mark.clients
NOT_INHERITED = ("FORGE_", "DJANGO_", "PYTEST_", "PORT", "DATA")


def up(data: Path) -> Process:
    command = [sys.executable, "-m", "forge.cli", "up", "--port", "0", "--runner", "--data", str(data)]
    return Process(command, env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"}, without=NOT_INHERITED)


def test_the_same_folder_has_its_runner_again(tmp_path: Path) -> None:
    for _ in range(2):
        with up(tmp_path) as server:
            server.wait_for("^Forge is ready at ")
            server.wait_for("^Runner local is ready")
            assert server.stop() == 0
            assert "no Docker engine answers" in server.output
            assert "without isolation" in server.output


def on_socket(data: Path, socket: Path) -> Process:
    command = [
        sys.executable,
        "-m",
        "forge.cli",
        "up",
        "--port",
        "0",
        "--data",
        str(data),
        "--unix-socket",
        str(socket),
    ]
    return Process(command, env={"FORGE_URL": "https://ci.example.org"}, without=NOT_INHERITED)


def test_a_unix_socket_besides(tmp_path: Path) -> None:
    socket = tmp_path / "http.sock"
    with on_socket(tmp_path / "data", socket) as server:
        server.wait_for("^Forge is ready at https://ci.example.org")
        assert stat.S_IMODE(socket.stat().st_mode) == 0o660
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://ci.example.org") as client:
            answer = client.get("/api/v3/")
        assert answer.json()["user_url"] == "https://ci.example.org/api/v3/users/{user}"
        with on_socket(tmp_path / "other", socket) as second:
            assert second.wait() == 1
            assert f"Cannot listen on {socket}: Address already in use." in second.output
        server.kill()
    assert socket.is_socket()  # nobody took it away
    with on_socket(tmp_path / "data", socket) as server:
        server.wait_for("^Forge is ready at ")
        assert server.stop() == 0
    assert not socket.exists()
    socket.write_text("mine")
    with on_socket(tmp_path / "data", socket) as server:
        assert server.wait() == 1
    assert socket.read_text() == "mine"
