"""The credential is changed every thirty days, and a crash at any moment leaves one that is good."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import credential
from runner.backends.fake import FakeBackend
from runner.credential import LIFE, Credential
from runner.poller import Pace
from tests.runner.conftest import CREDENTIAL, Fleet, job_of
from tests.services.stack import eventually
from workflows.model import Step


class Crash(Exception):
    """The agent is killed here."""


class Doors:
    """What a server does with two credentials."""

    def __init__(self, first: str) -> None:
        self.known, self.announced = credential.hashed(first), ""

    def opens(self, text: str) -> bool:
        if credential.hashed(text) == self.announced:
            self.known, self.announced = self.announced, ""
        return credential.hashed(text) == self.known

    def announce(self, shown: str) -> Callable[[str], None]:
        def call(new_hash: str) -> None:
            assert self.opens(shown), "the credential that is shown opens nothing"
            self.announced = new_hash

        return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "credential"
    credential.write(made, credential.new())
    return made


def test_it_is_due_after_its_life(file: Path) -> None:
    now = file.stat().st_mtime
    assert not Credential(file, lambda: now + LIFE - 1).is_due()
    assert Credential(file, lambda: now + LIFE).is_due()


def test_a_change(file: Path) -> None:
    old = file.read_text().strip()
    doors, kept = Doors(old), Credential(file)
    new = kept.change(doors.announce(old))
    assert new != old
    assert kept.read() == new
    assert doors.opens(old), "good until the new one is used"
    assert doors.opens(new)
    assert not doors.opens(old)
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == ["credential"]
    assert not kept.is_due()


@pytest.mark.parametrize("is_announced", [False, True])
def test_a_crash_before_it_stands_in_its_place(file: Path, is_announced: bool) -> None:
    old = file.read_text().strip()
    doors = Doors(old)

    def crash(new_hash: str) -> None:
        if is_announced:
            doors.announce(old)(new_hash)
        raise Crash

    with pytest.raises(Crash):
        Credential(file).change(crash)
    again = Credential(file)
    assert again.read() == old
    assert doors.opens(again.read())
    assert again.is_due()
    assert doors.opens(again.change(doors.announce(again.read())))
    assert doors.opens(again.read())


@pytest.mark.parametrize("cut", ["", "shc_half"])
def test_a_crash_while_it_was_written(file: Path, cut: str) -> None:
    (file.parent / "credential.new").write_text(cut)
    old = file.read_text().strip()
    doors, kept = Doors(old), Credential(file)
    assert kept.is_due()
    assert doors.opens(kept.change(doors.announce(old)))


def test_an_agent_changes_it_while_it_works(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "credential"
    credential.write(file, CREDENTIAL)
    os.utime(file, (0, 0))
    fleet.server.break_next("rotate")  # the answer is lost: the same is announced once more
    pace = Pace(wait=0.2, heartbeat=0.02, brief=0.02, retry=0.01, credential=0.05)
    kept = fleet.server.give(job_of(Step(id="__run", run="sleep 0.5")))
    agent = fleet.start(FakeBackend(), credential=Credential(file), pace=pace)
    eventually(lambda: file.read_text().strip() != CREDENTIAL, what="there is a new one")
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    second = fleet.server.give(job_of(Step(id="__run", run="true"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: second.end is not None)
    assert fleet.server.paths.count("POST /api/v1/runners/rotate") == 2
    fleet.end()
    assert fleet.refused == []
    assert agent.conclusions == ["success", "success"]
