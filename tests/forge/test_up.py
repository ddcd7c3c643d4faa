"""`forge up --runner` as `make up` starts it: one runner, also the second time, also without an engine."""

from __future__ import annotations

import sys
from pathlib import Path

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
