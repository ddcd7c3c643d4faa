"""What a step writes is what its log holds: after the stamps, byte for byte."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.commands import StepCommands, may_hold_command
from runner.masking import Secrets
from runner.output import StepOutput
from runner.spool import PIECE, JobLog, RawSpool
from workflows import log_lines

STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")
Make = Callable[..., tuple[JobLog, StepCommands, StepOutput]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    logs: list[JobLog] = []

    def build(secrets: Secrets | None = None, capacity: int = 1 << 20) -> tuple[JobLog, StepCommands, StepOutput]:
        log = JobLog(tmp_path / f"log-{len(logs)}", secrets or Secrets())
        logs.append(log)
        commands = StepCommands(log.secrets.add, {})
        return log, commands, StepOutput(log, commands, raw=RawSpool(tmp_path, capacity))

    yield build
    for log in logs:
        log.close()


def text_of(log: JobLog) -> bytes:
    raw = log_lines.joined(log.read(0, log.size))
    lines = raw.split(b"\n")
    assert lines.pop() == b""
    assert all(STAMP.match(line) for line in lines)
    return b"".join(line[log_lines.PREFIX_LENGTH :] + b"\n" for line in lines)


def test_two_hundred_thousand_lines(make: Make) -> None:
    written = b"".join(b"line %d of it\r\n" % number for number in range(200_000))
    log, _, output = make()
    for at in range(0, len(written), 70_001):
        output.write(written[at : at + 70_001])
    output.finish()
    assert text_of(log) == written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_in_any_pieces(make: Make, pieces: list[bytes]) -> None:
    written = b"".join(pieces)
    if b"::" in written or b"##[" in written:
        return
    log, _, output = make()
    for piece in pieces:
        output.write(piece)
    output.finish()
    expected = written if written.endswith(b"\n") or not written else written + b"\n"
    assert text_of(log) == expected


@pytest.mark.parametrize("size", [65471, 65472, 65473, 64 * 1024, 128 * 1024, 1_000_003])
@pytest.mark.parametrize("around", [b"", b"short\n"])
def test_long_lines_are_cut_and_joined(make: Make, size: int, around: bytes) -> None:
    written = around + bytes(97 + number % 26 for number in range(size)) + b"\n" + around
    log, _, output = make()
    for at in range(0, len(written), 10_000):
        output.write(written[at : at + 10_000])
    output.finish()
    assert text_of(log) == written
    longest = max(map(len, log.read(0, log.size).split(b"\n")))
    assert longest <= log_lines.LINE_LIMIT + log_lines.PREFIX_LENGTH


def test_a_secret_over_the_cut_of_a_long_line(make: Make) -> None:
    filler = b"x" * (64 * 1024 - 4)
    log, _, output = make(Secrets(["hunter2secret"]))
    output.write(filler + b"hunter2")
    output.write(b"secret tail\n")
    output.finish()
    assert text_of(log) == filler + b"*** tail\n"


def test_add_mask_holds_from_its_line_on(make: Make) -> None:
    log, _, output = make()
    output.write(b"a hidden\n::add-mask::hidden\nb hidden\n")
    output.finish()
    assert text_of(log) == b"a hidden\nb ***\n"


def test_commands_among_output(make: Make) -> None:
    log, commands, output = make()
    output.write(b"one\n::error::bad thing\n  ::group::g\ntwo std::vector\n::endgroup::\nthree")
    output.finish()
    assert text_of(log) == b"one\n##[error]bad thing\n##[group]g\ntwo std::vector\n##[endgroup]\nthree\n"
    place = output.annotation_offsets[0]
    assert log.read(place, 200)[log_lines.PREFIX_LENGTH :].startswith(b"##[error]bad thing")
    assert commands.annotations[0].message == "bad thing"


def test_a_long_command_is_still_a_command(make: Make) -> None:
    log, commands, output = make()
    output.write(b"::set-output name=big::" + b"v" * 300_000 + b"\nafter\n")
    output.finish()
    assert len(commands.outputs["big"]) == 300_000
    assert text_of(log) == b"after\n"


def test_a_value_too_long_to_be_masked_is_not_shown_either(make: Make) -> None:
    log, _, output = make()
    output.write(b"before\n::add-mask::" + b"s" * 3_000_000)
    output.write(b"s" * 1000 + b"\nafter\n")
    output.finish()
    said = b"##[warning]A value over 1 MiB cannot be masked; its own line is not shown.\n"
    assert text_of(log) == b"before\n" + said + b"after\n"


def test_both_syntaxes_in_one_block(make: Make) -> None:
    log, commands, output = make()
    output.write(b"one\n##[group]a\ntwo ##[endgroup] three ::error::x\n\t::notice::n\nlast")
    output.finish()
    assert text_of(log) == b"one\n##[group]a\n##[endgroup]\n##[notice]n\nlast\n"
    assert [note.message for note in commands.annotations] == ["n"]


def test_a_long_line_of_the_agent_itself_is_cut(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", Secrets())
    log.lines(["a", "b" * 200_000, "", "c"])
    assert text_of(log) == b"a\n" + b"b" * 200_000 + b"\n\nc\n"
    assert max(map(len, log.read(0, log.size).split(b"\n"))) <= log_lines.LINE_LIMIT + log_lines.PREFIX_LENGTH
    log.close()


def test_pieces_of_two_long_lines_at_once_are_never_joined(tmp_path: Path) -> None:
    log, one, two = JobLog(tmp_path / "log", Secrets()), object(), object()
    log.piece(0, b"a1", one)
    log.piece(0, b"a2", one)
    log.piece(0, b"b1", two)
    log.piece(0, b"a3", one)
    log.block(0, b"plain\n")
    log.piece(0, b"a4", one)
    assert text_of(log) == b"a1a2\nb1\na3\nplain\na4\n"
    log.close()


def test_after_the_cut_commands_still_count(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", Secrets(), limit=100_000)
    commands = StepCommands(log.secrets.add, {})
    output = StepOutput(log, commands, tmp_path)
    for _ in range(100):
        output.write(b"y\n" * 50_000)
    output.write(b"::set-output name=a::b\n")
    output.finish()
    assert commands.outputs == {"a": "b"}
    assert log.is_cut
    assert log.size < 100_200
    log.close()


def test_a_full_spool_makes_the_writer_wait(tmp_path: Path) -> None:
    spool = RawSpool(tmp_path, capacity=1000)
    spool.write(b"x" * 1000)
    writer = threading.Thread(target=spool.write, args=(b"y" * 600,))
    writer.start()
    read = b""
    while len(read) < 1600:
        block = spool.read()
        assert block is not None
        read += block[1]
    writer.join()
    spool.end()
    assert spool.read() is None
    assert read == b"x" * 1000 + b"y" * 600
    spool.close()


def test_the_spool_has_no_name(tmp_path: Path) -> None:
    spool = RawSpool(tmp_path)
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_step_that_writes_as_fast_as_it_can_is_known(tmp_path: Path) -> None:
    now = 10**18
    log = JobLog(tmp_path / "log", Secrets(), clock=lambda: now)
    spool = RawSpool(tmp_path, clock=lambda: now)
    for _ in range(100):  # a megabyte in two seconds
        spool.write(b"x" * 10_000)
        now += 20_000_000
    assert spool.rushed_until == 0
    for _ in range(100):  # ten in a tenth of a second
        spool.write(b"x" * 100_000)
        now += 1_000_000
    assert spool.rushed_until > now
    log.rush(spool.rushed_until)
    assert log.is_rushed
    log.rush(0)
    assert not log.is_rushed
    log.rush(now + 5_000_000_000)
    now += 1_500_000_000  # nobody stands back for longer than a second
    assert not log.is_rushed
    spool.close()
    log.close()


def test_a_step_that_writes_as_fast_as_it_can_is_left_the_processors(tmp_path: Path) -> None:
    now = 10**18
    log = JobLog(tmp_path / "log", Secrets(["hunter2"]), clock=lambda: now)
    log.rush(now + 10**10)
    output = StepOutput(log, StepCommands(log.secrets.add, {}), tmp_path)
    output.write(b"hunter2\n")
    assert log.size == 0
    now += 2 * 10**9  # it goes on for long
    with log.changed:
        assert log.changed.wait_for(lambda: log.size > 0, 20)
    output.finish()
    assert log.read(0, 100)[log_lines.PREFIX_LENGTH :] == b"***\n"
    log.close()


def test_what_is_left_is_known_without_a_look_at_it(tmp_path: Path) -> None:
    spool = RawSpool(tmp_path, notable=may_hold_command)

    def holds(*pieces: bytes) -> bool:
        for piece in pieces:
            spool.write(piece)
        told = spool.holds_notable
        while spool.pending:
            spool.read()
        assert not spool.holds_notable
        return told

    assert not holds(b"a line\n", b"a :: line # \n")
    assert holds(b"a line\n", b"##[group]a\n", b"a line\n")
    assert holds(b"a #", b"#", b"[group]b\n")
    assert holds(b"x\n:", b":notice::c\n")
    assert holds(b"x\n    ", b"  ::notice::d\n")
    spool.close()


def test_the_hash_is_of_all_bytes_whenever_they_are_hashed(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", Secrets())
    for number in range(3):
        log.lines([f"line {number} " + "x" * PIECE])
        assert not number or log.hash_ahead()
    assert log.sha256() == hashlib.sha256(log.read(0, log.size)).hexdigest()
    assert not log.hash_ahead()
    log.lines(["one more"])
    assert log.sha256() == hashlib.sha256(log.read(0, log.size)).hexdigest()
    log.close()
    assert not log.hash_ahead()


def test_a_log_is_cut_at_its_limit_and_says_so(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log", Secrets(), limit=10_000)
    for _ in range(300):
        log.lines(["x" * 40])
    assert log.size < 10_200
    assert log.read(0, log.size).endswith(b"a job may write 1 GiB.\n")
    log.close()
