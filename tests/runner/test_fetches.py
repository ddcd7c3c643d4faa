"""Programs that fetch an image: shared by all who wait, ended with the last of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from runner.errors import InfrastructureError, JobEnded
from runner.fetches import Fetches, Outcome, Program
from runner.images import Images
from runner.stop import Stop
from tests.services.stack import eventually


def shell(script: str, given: bytes = b"", **environment: str) -> Program:
    return Program(("sh", "-c", script), environment, given)


class Waiting:
    """Somebody who waits for a program, in a thread of his own."""

    def __init__(self, fetches: Fetches, program: Program) -> None:
        self.stop = Stop()
        self.outcome: Outcome | None = None
        self.is_ended = False
        self._call: Callable[[], Outcome] = lambda: fetches.run("key", program, self.stop)
        self.thread = threading.Thread(target=self._wait)
        self.thread.start()

    def _wait(self) -> None:
        try:
            self.outcome = self._call()
        except JobEnded:
            self.is_ended = True


def test_its_outcome_and_what_it_is_given() -> None:
    program = shell('read word; echo "$word from $WHERE"; exit 3', b"hello\n", WHERE="here")
    assert Fetches().run("key", program, Stop()) == Outcome(3, "hello from here")


def test_a_program_that_is_not_there() -> None:
    outcome = Fetches().run("key", Program(("/no/such/program",), {}), Stop())
    assert outcome == Outcome(127, "/no/such/program: No such file or directory")


def test_many_wait_for_one(tmp_path: Path) -> None:
    fetches, gate = Fetches(), tmp_path / "gate"
    program = shell(f"echo started >> {tmp_path}/starts; until [ -e {gate} ]; do sleep 0.02; done; echo done")
    waiting = [Waiting(fetches, program) for _ in range(4)]
    eventually(lambda: fetches.waiting("key") == 4, what="all wait")
    waiting[0].stop.cancel("one of them wants it no more")
    waiting[0].thread.join(10)
    gate.touch()
    for each in waiting:
        each.thread.join(10)
    assert waiting[0].is_ended
    assert [each.outcome for each in waiting[1:]] == [Outcome(0, "done")] * 3
    assert (tmp_path / "starts").read_text() == "started\n"


def test_the_last_who_leaves_ends_it(tmp_path: Path) -> None:
    fetches, pid = Fetches(), tmp_path / "pid"
    program = shell(f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {pid}; sleep 600 & wait")
    waiting = [Waiting(fetches, program) for _ in range(2)]
    eventually(lambda: pid.exists() and fetches.waiting("key") == 2, what="both wait")
    for each in waiting:
        each.stop.cancel("stopped")
        each.thread.join(10)
    process = Path(f"/proc/{pid.read_text().strip()}")
    eventually(lambda: not process.exists(), what="it has ended")
    assert all(each.is_ended for each in waiting)


def test_one_who_comes_later_starts_it_anew() -> None:
    fetches = Fetches()
    assert [fetches.run("key", shell("echo $$"), Stop()).code for _ in range(2)] == [0, 0]
    outcomes = {fetches.run("key", shell("echo $$"), Stop()).said for _ in range(2)}
    assert len(outcomes) == 2


class _Engine:
    """An engine that has no image."""

    @property
    def images(self) -> _Engine:
        return self

    def get(self, name: str) -> Any:
        raise ImageNotFound(name)


def test_a_pull_is_tried_three_times(tmp_path: Path) -> None:
    said: list[str] = []
    images = Images("x", engine=f"unix://{tmp_path}/nobody", pause=(0, 0), build=())
    with pytest.raises(InfrastructureError) as caught:
        images.fetch(_Engine(), "some/image", None, said.append, Stop())
    assert caught.value.reason == "image_unavailable"
    assert str(caught.value).startswith("The image some/image is not on this machine and cannot be had: ")
    assert [line.partition(" (")[0] for line in said] == [
        "The image some/image is not on this machine; pulling it",
        "The pull failed",
        "The pull failed",
    ]


def test_what_can_be_built_is_pulled_once_and_built(tmp_path: Path) -> None:
    said: list[str] = []
    build = ("sh", "-c", f"echo $0 > {tmp_path}/built", "{image}")
    images = Images("own/image", engine=f"unix://{tmp_path}/nobody", pause=(0, 0), build=build)
    assert images.fetch(_Engine(), "own/image", None, said.append, Stop()) == "own/image"
    assert (tmp_path / "built").read_text() == "own/image\n"
    assert len(said) == 2
