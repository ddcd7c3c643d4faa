"""Steps that run beside others, watched while they run: turns, logs, cancels, and what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from runner.backends.base import Command, JobPlace
from runner.backends.fake import FakeBackend, FakeExecution, FakeSandbox
from runner.errors import InfrastructureError
from runner.fake_server import KeptJob
from runner.stop import Stop
from tests.runner.conftest import Fleet, job_of, text_of
from tests.runner.steps_beside import (
    CANCELED,
    LONG,
    beside,
    by_name,
    cancel,
    check_spans,
    conclusions,
    log_of,
    parallel,
    run,
    wait,
    wait_all,
)
from workflows.log_lines import PREFIX_LENGTH
from workflows.model import Step

Carry = Callable[..., KeptJob]


class Gate:
    """All the network there is: who asks for ``http://gate/NAME`` waits until that is opened."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._opened: set[str] = set()
        self.came: list[str] = []
        self._inside = 0
        self.most = 0  # that ever waited at once

    def fetch(self, _method: str, url: str, _headers: Mapping[str, str], _body: bytes) -> tuple[int, bytes]:
        name = url.rpartition("/")[2]
        with self._changed:
            self.came.append(name)
            self._inside += 1
            self.most = max(self.most, self._inside)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: name in self._opened, 60), f"{name} is never opened"
            self._inside -= 1
        return 200, b""

    def open(self, *names: str) -> None:
        with self._changed:
            self._opened.update(names)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.came) >= count, 60), self.came


def at(name: str) -> str:
    return f"curl -s http://gate/{name}"


def done(fleet: Fleet, kept: KeptJob) -> None:
    assert fleet.server.wait_for(lambda: kept.end is not None, 60), "the job does not end"


def test_ten_at_once_and_the_others_in_their_turn(fleet: Fleet) -> None:
    gate, names = Gate(), [f"n{number}" for number in range(13)]
    kept = fleet.server.give(job_of(parallel(*(run(at(name), name) for name in names))))
    fleet.start(FakeBackend(fetch=gate.fetch))
    gate.wait_for(10)
    assert fleet.server.wait_for(lambda: sum(step.status == "in_progress" for step in kept.steps.values()) == 11)
    assert [by_name(kept, name).status for name in names[10:]] == ["queued"] * 3
    gate.open("n4")
    gate.wait_for(11)
    assert gate.came[10] == "n10"
    gate.open(*names)
    done(fleet, kept)
    assert set(gate.came) == set(names)
    assert gate.most == 10
    assert set(conclusions(kept).values()) == {"success"}
    check_spans(kept)


def test_the_next_step_begins_although_there_is_no_place(fleet: Fleet) -> None:
    gate, names = Gate(), [f"n{number}" for number in range(12)]
    steps = [beside(at(name), name) for name in names]
    kept = fleet.server.give(job_of(*steps, run("echo meanwhile", "meanwhile"), cancel("n11")))
    fleet.start(FakeBackend(fetch=gate.fetch))
    assert fleet.server.wait_for(lambda: by_name(kept, "Cancel").status == "completed" if kept.steps else False)
    assert by_name(kept, "n11").reason == "cancelled by the step 'Cancel'"
    gate.open(*names)
    done(fleet, kept)
    assert conclusions(kept) == dict.fromkeys(names[:11], "success") | {
        "n11": "cancelled",
        "meanwhile": "success",
        "Cancel": "success",
    }
    assert kept.end is not None
    assert kept.end.conclusion == "success"


def test_the_last_one_waited_for_is_seen_as_it_writes(fleet: Fleet) -> None:
    gate = Gate()
    first = run(f"echo early\n{at('a')}\necho late", "a")
    kept = fleet.server.give(job_of(parallel(first, run(f"{at('b')}\necho b", "b"))))
    fleet.start(FakeBackend(fetch=gate.fetch))
    gate.wait_for(2)
    assert b"early" not in kept.log
    gate.open("b")
    assert fleet.server.wait_for(lambda: b"Z early\n" in kept.log)
    assert fleet.server.wait_for(lambda: by_name(kept, "a").log_start is not None)
    assert (by_name(kept, "a").status, by_name(kept, "a").log_end) == ("in_progress", None)
    assert by_name(kept, "b").log_end == by_name(kept, "a").log_start
    gate.open("a")
    done(fleet, kept)
    assert log_of(kept, "a") == ["early", "late"]
    assert log_of(kept, "b") == ["b"]
    check_spans(kept)
    step = by_name(kept, "a")
    stamps = [line[:28] for line in bytes(kept.log[step.log_start : step.log_end]).decode().splitlines()]
    assert stamps == sorted(stamps)


def test_what_runs_beside_a_step_in_the_foreground_comes_behind_it(fleet: Fleet) -> None:
    gate = Gate()
    steps = (beside("echo beside", "a"), run(f"echo early\n{at('x')}\necho late", "b"), run("echo last", "c"))
    kept = fleet.server.give(job_of(*steps))
    fleet.start(FakeBackend(fetch=gate.fetch))
    gate.wait_for(1)
    assert fleet.server.wait_for(lambda: by_name(kept, "a").status == "completed")
    assert fleet.server.wait_for(lambda: b"Z early\n" in kept.log)
    assert (by_name(kept, "a").log_start, b"Z beside\n" in kept.log) == (None, False)
    gate.open("x")
    done(fleet, kept)
    assert [log_of(kept, name) for name in "abc"] == [["beside"], ["early", "late"], ["last"]]
    assert by_name(kept, "b").log_end == by_name(kept, "a").log_start
    assert by_name(kept, "a").log_end == by_name(kept, "c").log_start
    assert by_name(kept, "a").completed_at < by_name(kept, "c").started_at
    check_spans(kept)


def test_a_cancel_of_the_job(fleet: Fleet) -> None:
    gate = Gate()
    steps = [beside(LONG, f"n{number}") for number in range(9)]
    steps += [beside(f"{at('x')}\necho to the end", "goes on", if_="always()")]
    steps += [beside("echo never", "queued"), beside("echo yes", "queued, always", if_="always()")]
    kept = fleet.server.give(job_of(*steps, run(LONG, "front"), wait_all(), run("echo no", "after")))
    fleet.start(FakeBackend(fetch=gate.fetch))
    gate.wait_for(1)
    assert fleet.server.wait_for(lambda: by_name(kept, "front").status == "in_progress")
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: by_name(kept, "queued, always").status == "completed")
    gate.open("x")
    done(fleet, kept)
    assert conclusions(kept) == dict.fromkeys([f"n{number}" for number in range(9)], "cancelled") | {
        "goes on": "success",
        "queued": "skipped",
        "queued, always": "success",
        "front": "cancelled",
        "Wait for all": "cancelled",
        "after": "skipped",
    }
    assert log_of(kept, "goes on") == ["to the end"]
    assert all(log_of(kept, f"n{number}") == [CANCELED] for number in range(9))
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"
    check_spans(kept)


def test_a_forced_cancel_ends_all_at_once(fleet: Fleet) -> None:
    steps = [beside(f"# stubborn\necho begun\n{LONG}", f"n{number}", if_="always()") for number in range(11)]
    kept = fleet.server.give(job_of(*steps, wait_all()))
    fleet.start(FakeBackend())
    assert fleet.server.wait_for(lambda: bool(kept.steps) and by_name(kept, "Wait for all").status == "in_progress")
    fleet.server.cancel(1, force=True)
    done(fleet, kept)
    assert set(conclusions(kept).values()) == {"cancelled"}
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"
    assert text_of(kept).count("begun") == 10


def test_a_job_that_was_given_away_leaves_nothing(fleet: Fleet) -> None:
    backend = FakeBackend()
    kept = fleet.server.give(job_of(beside(LONG, "a"), beside(LONG, "b"), wait("a")))
    fleet.start(backend)
    assert fleet.server.wait_for(lambda: bool(kept.steps) and by_name(kept, "Wait").status == "in_progress")
    fleet.server.take_away(1)
    again = fleet.server.give(job_of(beside("echo fine", "a"), job=2, lease_token="lease-token-2"))
    done(fleet, again)
    assert kept.end is None
    assert conclusions(again) == {"a": "success"}


def test_masks_annotations_and_summaries(carry: Carry) -> None:
    kept = carry(
        job_of(
            run("seq 50", "noise"),
            beside("echo ::add-mask::'hunt'er2\necho '# Title' >> $GITHUB_STEP_SUMMARY", "a"),
            wait("a"),
            parallel(run("echo is hunter2 seen\necho ::notice file=a.py,line=2::look at hunter2", "b")),
        )
    )
    assert b"hunter2" not in kept.log
    assert log_of(kept, "b") == ["is *** seen", "##[notice]look at ***"]
    assert kept.end is not None
    assert [(summary.step, summary.text) for summary in kept.end.summaries] == [(3, "# Title\n")]
    (note,) = kept.end.annotations
    assert (note.step, note.path, note.start_line, note.message) == (5, "a.py", 2, "look at ***")
    assert note.log_offset is not None
    assert bytes(kept.log[note.log_offset :])[PREFIX_LENGTH:].startswith(b"##[notice]look at ***\n")


def test_nothing_is_started_before_the_first_step_is_acknowledged(fleet: Fleet) -> None:
    backend = FakeBackend()
    fleet.server.unreachable.add("steps")
    kept = fleet.server.give(job_of(beside("echo a", "a"), beside("echo b", "b")))
    fleet.start(backend)
    tries = "POST /api/v1/jobs/1/steps"
    assert fleet.server.wait_for(lambda: backend.prepared != [] and fleet.server.paths.count(tries) >= 4)
    assert backend.commands == []
    fleet.server.unreachable.clear()
    done(fleet, kept)
    assert len(backend.commands) == 2


def test_post_steps_come_in_the_reverse_order_of_their_steps(carry: Carry) -> None:
    checkout = {"uses": "actions/checkout@v4", "background": True}
    steps = [Step(id=name, name=name, with_={"path": name}, **checkout) for name in ("a", "b", "c")]  # type: ignore[arg-type]
    kept = carry(job_of(*steps))
    assert list(conclusions(kept)) == ["a", "b", "c", "Post c", "Post b", "Post a"]


class _BreakingSandbox(FakeSandbox):
    """A place where nothing of the step ``broken`` can be started."""

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> FakeExecution:
        if command.environment.get("GITHUB_ACTION") == "broken":
            raise InfrastructureError("engine_failed", "The engine is gone")
        return super().start(command, write, ended)


class _BreakingBackend(FakeBackend):
    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> FakeSandbox:
        super().prepare(place, say, stop)
        return _BreakingSandbox(place, self)


def test_a_machine_that_fails_under_one_of_them_ends_the_job(carry: Carry) -> None:
    kept = carry(
        job_of(beside(f"echo begun\n{LONG}", "a"), beside("echo", "broken"), wait_all(), run("echo never", "after")),
        _BreakingBackend(),
    )
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "engine_failed")
    assert conclusions(kept) == {"a": "failure", "broken": "failure", "Wait for all": "failure", "after": "skipped"}
    assert by_name(kept, "broken").reason == "The engine is gone"
    assert "##[error]The engine is gone" in text_of(kept)
