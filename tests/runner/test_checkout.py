"""actions/checkout with a real git: what it fetches, and what it must not leave behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runner import checkout

HEADER = "AUTHORIZATION: basic c2VjcmV0"
KEY = "http.https://ci.example/.extraheader"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "hello.txt").write_text("hello\n")
    for command in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a@b commit -q -m one"):
        subprocess.run(["git", "-C", str(folder), *command.split()], check=True)
    return folder


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run(tmp_path: Path, served: Path, **more: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "CHECKOUT_MODE": "main",
        "CHECKOUT_URL": f"file://{served}",
        "CHECKOUT_ORIGIN": "https://ci.example",
        "CHECKOUT_DIRECTORY": str(tmp_path / "work"),
        "CHECKOUT_REF": "refs/heads/main",
        "CHECKOUT_SHA": git(served, "rev-parse", "HEAD"),
        "CHECKOUT_DEPTH": "1",
        "CHECKOUT_CLEAN": "true",
        "CHECKOUT_PERSIST": "true",
        "CHECKOUT_SUBMODULES": "false",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": KEY,
        "GIT_CONFIG_VALUE_0": HEADER,
        **more,
    }
    (tmp_path / "work").mkdir(exist_ok=True)
    return subprocess.run(checkout.command(), env=variables, capture_output=True, text=True, check=True)


def test_the_credential_stays_until_the_post_step_only(tmp_path: Path, served: Path) -> None:
    run(tmp_path, served)
    work = tmp_path / "work"
    assert (work / "hello.txt").read_text() == "hello\n"
    assert git(work, "config", "--local", "--get", KEY) == HEADER
    run(tmp_path, served, CHECKOUT_MODE="post")
    assert "AUTHORIZATION" not in (work / ".git" / "config").read_text()
    assert HEADER not in "".join(
        path.read_text(errors="replace") for path in (work / ".git").rglob("*") if path.is_file()
    )


def test_without_persist_credentials_none_is_ever_written(tmp_path: Path, served: Path) -> None:
    run(tmp_path, served, CHECKOUT_PERSIST="false")
    assert (tmp_path / "work" / "hello.txt").is_file()
    assert "AUTHORIZATION" not in (tmp_path / "work" / ".git" / "config").read_text()


def test_a_credential_of_an_earlier_checkout_goes(tmp_path: Path, served: Path) -> None:
    run(tmp_path, served)
    run(tmp_path, served, CHECKOUT_PERSIST="false")
    assert "AUTHORIZATION" not in (tmp_path / "work" / ".git" / "config").read_text()


def test_no_argument_holds_the_credential(tmp_path: Path, served: Path) -> None:
    assert HEADER not in run(tmp_path, served).stdout
    assert not any("AUTHORIZATION" in part for part in checkout.command())
