"""What a step wrote last may come to the log behind the next step's back: in order, under the masks of its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.commands import StepCommands, may_hold_command
from runner.log_lane import MOST_LEFT, LogLane
from runner.masking import Forms, Secrets
from runner.output import StepOutput
from runner.spool import PIECE, JobLog, RawSpool
from tests.runner.conftest import Fleet, job_of
from workflows import log_lines
from workflows.model import Step

LINE = b"a line that says nothing of any importance\n"
MUCH = LINE * (3 * PIECE // len(LINE))


class GatedLog(JobLog):
    """Takes the output of steps only while its gate is open; ``problem`` is raised instead then."""

    def __init__(self, path: Path, secrets: Secrets) -> None:
        super().__init__(path, secrets)
        self.gate = threading.Event()
        self.problem: OSError | None = None

    def block(self, arrived: int, lines: bytes, forms: tuple[Forms, ...] | None = None) -> None:
        self.gate.wait()
        if self.problem is not None:
            raise self.problem
        super().block(arrived, lines, forms)


class Place:
    """A lane, and the steps that write to it."""

    def __init__(self, folder: Path, capacity: int = 1 << 30) -> None:
        self.folder = folder
        self.secrets = Secrets(["hunter2"])
        self.log = GatedLog(folder / "log", self.secrets)
        self.lane = LogLane(self.log, capacity=capacity)
        self.marks: list[tuple[str, int, bool]] = []
        self.commands = StepCommands(self.secrets.add, {})

    def write(self, *pieces: bytes) -> StepOutput:
        """One whose program has ended before anybody has looked at what it wrote."""
        raw = RawSpool(self.folder, notable=may_hold_command)
        for piece in pieces:
            raw.write(piece)
        raw.end()
        return StepOutput(self.lane, self.commands, raw=raw)

    def step(self, *pieces: bytes) -> None:
        """One that ends; what is left of it may stay behind."""
        self.write(*pieces).finish()

    def mark(self, name: str) -> None:
        self.lane.mark(lambda place, is_late: self.marks.append((name, place, is_late)))

    def text(self) -> bytes:
        self.lane.settle()
        return self.between(0, self.log.size)

    def between(self, start: int, end: int) -> bytes:
        lines = log_lines.joined(self.log.read(start, end - start)).split(b"\n")[:-1]
        return b"".join(line[log_lines.PREFIX_LENGTH :] + b"\n" for line in lines)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.log.gate.set()
    made.lane.settle()
    made.log.close()


def test_what_is_left_keeps_its_place(place: Place) -> None:
    place.mark("start")
    place.step(MUCH)
    place.mark("first ends")
    place.lane.lines(["the next step begins"])
    place.step(b"short\n")
    place.mark("second ends")
    place.lane.lines(["##[error]Process completed with exit code 1."])
    place.step(MUCH, b"no newline at its end")
    place.mark("third ends")
    assert place.marks == [("start", 0, False)]
    assert place.log.size == 0
    place.log.gate.set()
    rest = b"the next step begins\nshort\n"
    error = b"##[error]Process completed with exit code 1.\n"
    assert place.text() == MUCH + rest + error + MUCH + b"no newline at its end\n"
    places = {name: (at, is_late) for name, at, is_late in place.marks}
    assert all(places[f"{name} ends"][1] for name in ("first", "second", "third"))
    assert place.between(0, places["first ends"][0]) == MUCH
    assert place.between(places["first ends"][0], places["second ends"][0]) == rest
    assert places["third ends"][0] == place.log.size


def test_little_is_waited_for(place: Place) -> None:
    place.log.gate.set()
    place.step(b"short\n")
    place.mark("end")
    assert place.marks == [("end", place.log.size, False)]
    assert place.text() == b"short\n"


@pytest.mark.parametrize(
    "last",
    [
        (b"::set-output name=found::yes\n",),
        (b" \t::set-output name=found::yes",),
        (b":", b":set-output name=found::yes\n"),
        (b"so ##[set-output name=found;]yes\n",),
        (LINE * 5000 + b"::set-output name=found::yes\n", LINE * 9000),
        (b" " * 50_000 + b"::set-output name=found::yes\n",),
    ],
    ids=["plain", "unended", "halves", "v1", "deep", "blanks"],
)
def test_a_command_is_waited_for_wherever_it_stands(place: Place, last: tuple[bytes, ...]) -> None:
    output = place.write(MUCH, *last)
    waiting = threading.Thread(target=output.finish)
    waiting.start()
    assert not place.commands.outputs
    place.log.gate.set()
    waiting.join()
    assert place.commands.outputs == {"found": "yes"}
    place.mark("end")
    assert place.marks == [("end", place.log.size, False)]


@pytest.mark.parametrize("shift", range(-14, 3))
def test_a_command_over_the_edge_of_a_piece(place: Place, shift: int) -> None:
    place.log.gate.set()
    filler = (LINE * (PIECE // len(LINE) + 2))[: 2 * PIECE + shift - 1] + b"\n"
    place.step(filler + b"   ::set-output name=found::yes\n" + MUCH)
    assert place.commands.outputs == {"found": "yes"}


def test_masks_are_those_of_its_time(place: Place) -> None:
    line = b"hunter2 and later\n"
    long = b"x" * 100_000 + b"hunter2 later\n"
    place.step(line + MUCH + line, long)
    place.secrets.add("later")
    place.lane.lines(["hunter2 and later"])
    place.log.gate.set()
    hidden = b"*** and later\n"
    assert place.text() == hidden + MUCH + hidden + long.replace(b"hunter2", b"***") + b"*** and ***\n"


def test_a_disk_that_fails_is_told_to_the_next(place: Place) -> None:
    place.step(MUCH)
    place.mark("end")
    place.lane.check()
    place.log.problem = OSError(28, "No space left on device")
    place.log.gate.set()
    place.lane.settle()
    with pytest.raises(OSError, match="No space left"):
        place.lane.check()
    assert [name for name, _, _ in place.marks] == ["end"]


def test_nothing_is_left_where_others_write_too(place: Place) -> None:
    place.log.gate.set()
    place.lane.stay()
    place.step(MUCH)
    place.mark("end")
    assert place.marks == [("end", place.log.size, False)]


@pytest.mark.parametrize("capacity", [PIECE, 1 << 30])
def test_there_is_an_end_to_what_may_be_left(tmp_path: Path, capacity: int) -> None:
    place = Place(tmp_path, capacity)
    left = MOST_LEFT if capacity > PIECE else 0
    for _ in range(left):
        place.step(MUCH)
    output, over = place.write(MUCH), threading.Event()
    waiting = threading.Thread(target=lambda: (output.finish(), over.set()))
    waiting.start()
    assert not over.is_set()
    assert place.log.size == 0
    place.log.gate.set()
    waiting.join()
    assert place.text() == MUCH * (left + 1)
    place.log.close()


def test_spans_of_a_job_whose_steps_write_much(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    count = 200_000
    steps = [Step(id="__run", run=f"seq {count}"), Step(id="__run", run="echo second\nexit 1")]
    steps += [Step(id="__run", run=f"seq {count}", if_="always()"), Step(id="__run", run="echo last", if_="always()")]
    kept = fleet.run(job_of(*steps))
    fleet.end()
    assert kept.end is not None
    assert kept.end.log_length == len(kept.log)
    told = [kept.steps[number] for number in sorted(kept.steps)]
    assert [step.log_start for step in told[1:]] == [step.log_end for step in told[:-1]]
    shown = {step.number: bytes(kept.log[step.log_start : step.log_end]).splitlines() for step in told}
    many = [b"%d" % number for number in range(1, count + 1)]
    assert [line[29:] for line in shown[2]][-count:] == many
    assert [line[29:] for line in shown[3]][-2:] == [b"second", b"##[error]Process completed with exit code 1."]
    assert [line[29:] for line in shown[4]][-count:] == many
    assert shown[5][-1].endswith(b" last")
    began: Callable[[int], str | None] = lambda number: kept.steps[number].started_at  # noqa: E731
    assert all(str(told[at].completed_at) <= str(began(at + 2)) for at in range(1, len(told) - 1))
