"""A disk without room: the job says so, and the agent goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.backends.fake import FakeBackend
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of
from tests.services.disk import CannotMount, small_disk
from workflows.model import Step


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    try:
        with small_disk(tmp_path / "small", "1m") as folder:
            yield folder
    except CannotMount as error:
        pytest.skip(str(error))


def ended(kept: KeptJob) -> tuple[str | None, str, str]:
    assert kept.end is not None
    return kept.end.conclusion, kept.end.reason, kept.end.message


def test_output_that_fills_the_disk(small: Path) -> None:
    fleet = Fleet(small)
    loud = Step(id="__run", run="seq 300000")
    kept = fleet.run(job_of(loud, Step(id="__run", run="echo never")))
    assert ended(kept) == ("failure", "disk_full", "This machine failed: [Errno 28] No space left on device")
    assert [kept.steps[number].conclusion for number in (2, 3)] == ["failure", "skipped"]
    assert b"never" not in kept.log
    again = fleet.server.give(job_of(Step(id="__run", run="echo fine"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: again.end is not None)
    assert ended(again)[0] == "success"
    fleet.end()
    assert list(fleet.leases.iterdir()) == []


def test_steps_beside_others_that_fill_the_disk(small: Path) -> None:
    fleet = Fleet(small)
    steps = [Step(id=f"s{number}", name=f"s{number}", run="seq 300000", background=True) for number in range(2)]
    steps += [Step(id="long", name="long", run="echo begun\nsleep 600", background=True)]
    kept = fleet.run(job_of(*steps, Step(id="__wait", name="Wait", wait_all=True), Step(id="__run", run="echo never")))
    assert ended(kept) == ("failure", "disk_full", "This machine failed: [Errno 28] No space left on device")
    assert kept.steps[4].conclusion == "failure"
    assert kept.steps[6].conclusion == "skipped"
    assert b"never" not in kept.log
    fleet.end()
    assert list(fleet.leases.iterdir()) == []


def test_a_place_that_cannot_be_made(fleet: Fleet) -> None:
    backend = FakeBackend(failures={"linux": OSError(28, "No space left on device")})
    kept = fleet.run(job_of(Step(id="__run", run="echo never")), backend)
    assert ended(kept)[:2] == ("failure", "disk_full")
    assert kept.steps[2].conclusion == "skipped"
