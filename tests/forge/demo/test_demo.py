"""`make demo ONCE=1` as a person sees it, on both backends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def demonstrate(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("FORGE_", "DJANGO_", "PORT"))
    }
    return subprocess.run(
        [sys.executable, "-m", "forge.cli", "demo"],
        cwd=ROOT,
        env={**inherited, "ONCE": "1", "DATA": str(data), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "conclusion: success"
    assert "Ran 5 tests" in done.stdout
    assert "1h 30m is 5400 seconds" in done.stdout
    assert re.search(r"http://127\.0\.0\.1:\d+/demo/durations/actions/runs/1\b", done.stdout)
    assert re.search(r"user demo, password \S+", done.stdout)


@pytest.mark.docker
def test_in_containers(tmp_path: Path, job_image: str) -> None:
    done = demonstrate(tmp_path)
    check(done)
    assert f"image {job_image}" in done.stdout
    left = subprocess.run(
        ["docker", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    known = {line.split(": ")[1] for line in done.stdout.splitlines() if line.strip().startswith("Container: ")}
    assert known
    assert not known & set(left.stdout.split())


@pytest.mark.clients
def test_without_an_engine(tmp_path: Path) -> None:
    done = demonstrate(tmp_path, DOCKER_HOST="unix:///nonexistent/docker.sock")
    check(done)
    assert "no Docker engine answers at unix:///nonexistent/docker.sock" in done.stdout


@pytest.mark.clients
def test_a_folder_that_was_used_before_is_used_again(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    check(demonstrate(tmp_path, **nowhere))
    again = demonstrate(tmp_path, **nowhere)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.splitlines()[-1] == "conclusion: success"
    assert "/demo/durations/actions/runs/2" in again.stdout
