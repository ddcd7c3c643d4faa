"""What ``forge-runner doctor`` finds, and that it says what to do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from runner import config, doctor
from runner.backends.base import Finding
from runner.config import Config
from runner.fake_server import FakeServer
from runner.own_folder import owned

CREDENTIAL = "shr_of-a-test"


@pytest.fixture
def server() -> FakeServer:
    made = FakeServer()
    made.admit(CREDENTIAL)
    made.says_date = lambda: formatdate(usegmt=True)
    return made


@pytest.fixture
def well(tmp_path: Path) -> Config:
    """A runner that was registered, with nothing wrong."""
    made = replace(config.load(tmp_path, {}, url="http://127.0.0.1:1", name="one", backend="fake"))
    config.save(made, CREDENTIAL)
    return made


def examined(config: Config, server: FakeServer) -> dict[str, Finding]:
    return {finding.what: finding for finding in doctor.examine(config, server)}


def test_all_is_well(well: Config, server: FakeServer) -> None:
    found = examined(well, server)
    assert {"server", "clock", "credential", "credential file", "agent", "disk", "open files", "fake backend"} <= set(
        found
    )
    assert [finding for finding in found.values() if not finding.good] == []
    assert server.polls == []


def _readable(config: Config, server: FakeServer) -> None:
    config.credential_file.chmod(0o644)


def _unregistered(config: Config, server: FakeServer) -> None:
    config.credential_file.unlink()


def _removed(config: Config, server: FakeServer) -> None:
    server.dismiss()


def _away(config: Config, server: FakeServer) -> None:
    server.set_away(True)


def _an_hour_behind(config: Config, server: FakeServer) -> None:
    server.says_date = lambda: formatdate(time.time() + 3600, usegmt=True)


@pytest.mark.parametrize(
    ("spoil", "bad", "mend"),
    [
        (_readable, {"credential file"}, "chmod 600"),
        (_unregistered, {"credential"}, "forge-runner register"),
        (_removed, {"credential"}, "forge-runner register"),
        (_away, {"server", "credential"}, "does the server run"),
        (_an_hour_behind, {"clock"}, "NTP"),
    ],
)
def test_what_is_wrong(
    well: Config, server: FakeServer, spoil: Callable[[Config, FakeServer], None], bad: set[str], mend: str
) -> None:
    spoil(well, server)
    found = [finding for finding in examined(well, server).values() if not finding.good]
    assert {finding.what for finding in found} == bad
    assert all(finding.mend for finding in found)
    assert any(mend in finding.mend for finding in found)


def test_more_jobs_than_files_can_be_open_for(well: Config, server: FakeServer) -> None:
    finding = examined(replace(well, capacity=10**6), server)["open files"]
    assert not finding.good
    assert "LimitNOFILE" in finding.mend


def test_a_folder_that_is_not_there(well: Config, server: FakeServer) -> None:
    finding = examined(replace(well, folder=well.folder / "none"), server)["disk"]
    assert not finding.good


def test_it_sees_an_agent_and_what_waits(well: Config, server: FakeServer) -> None:
    well.unsent.mkdir()
    (well.unsent / "7-1").write_bytes(b"log")
    with owned(well.folder):
        found = examined(well, server)
    assert found["agent"].detail == "one runs with this folder"
    assert found["unsent logs"].detail.startswith("1 logs")
    assert examined(well, server)["agent"].detail == "none runs now"


def test_the_credential_is_not_shown(well: Config, server: FakeServer) -> None:
    said = repr(doctor.examine(well, server))
    assert CREDENTIAL not in said
    assert hashlib.sha256(CREDENTIAL.encode()).hexdigest() not in said
