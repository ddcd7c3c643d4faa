"""From the bytes that a step writes to the lines of the job's log.

One thread a step takes blocks out of the raw spool. A block without commands goes on as a whole; only
blocks with what may be a command are looked at line by line. A line that is not complete waits, so that
secrets are whole when they are looked for; a line over the limit is masked as a stream and cut.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

from runner.commands import CANDIDATE, StepCommands, may_hold_command
from runner.masking import Forms, StreamMasker
from runner.spool import PIECE, LineLog, RawSpool
from runner.threads import begin
from workflows.log_lines import LINE_LIMIT

COMMAND_LIMIT = 1 << 20  # bytes of a line that begins like a command
ADD_MASK = re.compile(rb"\s*::add-mask", re.IGNORECASE)
_MOST_PENDING = 128 << 20  # bytes that wait while the processors are left to the step
_TOO_LONG = b"##[warning]A value over 1 MiB cannot be masked; its own line is not shown.\n"


class StepOutput:
    """The output of one process of a step. ``write`` is handed to the backend; ``finish`` ends it.

    When the program has ended and nothing that is left of its output can be a command, nobody has to wait for the
    rest: it is worked off behind, as far as the log allows that (``Turn.leave``), with the masks of that moment.
    """

    def __init__(
        self, log: LineLog, commands: StepCommands, folder: Path | None = None, raw: RawSpool | None = None
    ) -> None:
        self._turn = log.enter()
        self._log = self._turn.log
        self._commands = commands
        self._raw = raw or RawSpool(folder, clock=log.moment, notable=may_hold_command)
        self._partial = b""
        self._long: _LongLine | _HiddenLine | None = None
        self._arrived = 0
        self._problem: Exception | None = None
        self._then: tuple[Forms, ...] | None = None  # the masks of the moment at which the rest was left
        self._can_go_on = threading.Event()
        self._rushed_until = 0
        #: (annotation's place in the step's list, offset in the log) of each annotation that was printed
        self.annotation_offsets: dict[int, int] = {}
        begin(self._work)

    def write(self, data: bytes) -> None:
        """Take output; waits while the spool is full. When the disk fails it is dropped, and ``finish`` raises."""
        try:
            self._raw.write(data)
            if self._raw.rushed_until > self._rushed_until:
                self._rushed_until = self._raw.rushed_until
                self._log.rush(self._rushed_until)
        except OSError as problem:
            self._problem = self._problem or problem
            self._raw.end()

    def finish(self) -> None:
        """Take no more, and wait until every command was carried out, and the rest is in the log or left to come there.
        Raises what went wrong on the way."""
        self._raw.end()
        if self._rushed_until:
            self._log.rush(0)
        self._turn.note_end()
        self._can_go_on.wait()
        if self._then is None and self._problem is not None:
            raise self._problem

    def _work(self) -> None:
        try:
            self._turn.wait(also_for_end=True)
            looked = False
            while True:
                if self._raw.is_ended and not looked:
                    looked = True
                    self._leave()
                    self._turn.wait()
                self._log.stand_back(self._is_pressing)
                block = self._raw.read()
                if block is None:
                    break
                self._take(*block)
            self._end()
        except Exception as problem:  # a full disk, above all: said where the step is waited for
            self._problem = self._problem or problem
        finally:
            self._raw.close()
            self._turn.over(self._problem)
            self._can_go_on.set()

    def _leave(self) -> None:
        """Let the job go on, if what is left can do without it. A little is soon done."""
        size = self._raw.pending
        if (self._turn.is_ready and size <= PIECE) or self._commands.matchers is not None or self._may_command():
            return
        forms = self._log.secrets.compiled
        if self._problem is None and self._turn.leave(size):
            if isinstance(self._long, _LongLine):
                self._long.hold(forms)
            self._then = forms
            self._can_go_on.set()

    def _may_command(self) -> bool:
        """Whether anything that is left may be a command."""
        return self._raw.holds_notable or may_hold_command(self._partial)

    def _is_pressing(self) -> bool:
        """Whether to go on though the step writes as fast as it can."""
        return self._raw.is_ended or self._raw.pending > _MOST_PENDING

    def _take(self, arrived: int, data: bytes) -> None:
        self._arrived = arrived
        if self._long is not None:
            data = self._continue(self._long, data)
        data = self._partial + data if self._partial else data
        if data.find(b"\n", 0, LINE_LIMIT + 1) < 0 and len(data) > LINE_LIMIT:
            data = self._begin_long(data)
        cut = data.rfind(b"\n") + 1
        self._partial = data[cut:]
        if cut:
            self._lines(arrived, data[:cut])
        if len(self._partial) > LINE_LIMIT and not self._may_be_command(self._partial):
            self._partial = self._begin_long(self._partial)

    def _begin_long(self, data: bytes) -> bytes:
        """The first line of this is over the limit: show it in pieces. What comes after it is given back."""
        if self._may_be_command(data):
            return data
        hides = ADD_MASK.match(data) is not None
        self._long = _HiddenLine(self._log) if hides else _LongLine(self._log, self._then)
        self._partial = b""
        return self._continue(self._long, data)

    def _may_be_command(self, data: bytes) -> bool:
        return len(data) <= COMMAND_LIMIT and data[:64].lstrip().startswith(b"::")

    def _continue(self, line: _LongLine | _HiddenLine, data: bytes) -> bytes:
        end = data.find(b"\n")
        if end < 0:
            line.feed(self._arrived, data)
            return b""
        line.feed(self._arrived, data[:end])
        line.end(self._arrived)
        self._long = None
        return data[end + 1 :]

    def _lines(self, arrived: int, whole: bytes) -> None:
        """Write whole lines; only those that may be more than plain output are looked at one by one."""
        if self._then is not None:
            self._log.block(arrived, whole, self._then)
            return
        commands, secrets = self._commands, self._log.secrets
        every = self._matches(whole)
        if not every and not may_hold_command(whole):
            self._log.block(arrived, whole)
            return
        written = at = 0
        while (found := self._next(whole, at, every=every)) is not None:
            start, end = found
            at = end + 1
            known, before = len(commands.annotations), secrets.compiled
            printed = self._process(whole[start:end], every=every)
            if printed is None:
                continue
            if start > written:  # masked by what held before this line
                self._log.block(arrived, whole[written:start], before)
            self._show(arrived, known, printed)
            written, every = at, every or commands.matchers is not None
        if written < len(whole):
            self._log.block(arrived, whole[written:])

    def _matches(self, whole: bytes) -> bool:
        """Whether a problem matcher has to look at each of these lines."""
        matchers = self._commands.matchers
        return matchers is not None and matchers.may_find(whole)

    def _next(self, whole: bytes, at: int, *, every: bool) -> tuple[int, int] | None:
        """The next line to look at: where it begins and ends."""
        if at >= len(whole):
            return None
        start = at
        if not every:
            found = CANDIDATE.search(whole, at)
            if found is None:
                return None
            start = whole.rfind(b"\n", at, found.start()) + 1 or at
        return start, whole.index(b"\n", start)

    def _process(self, raw: bytes, *, every: bool) -> list[str] | None:
        """Carry out a line's command, if it has one, or let a matcher find something; what is printed instead."""
        line = raw.decode(errors="replace").removesuffix("\r")
        printed = self._commands.process(line) if CANDIDATE.search(raw) else None
        return self._commands.match(line) if printed is None and every else printed

    def _show(self, arrived: int, known: int, printed: list[str]) -> None:
        """Write what a line has become; the annotations that it made are found there."""
        for place in range(known, len(self._commands.annotations)):
            self.annotation_offsets[place] = self._log.size
        if printed:
            self._log.block(arrived, "".join(f"{text}\n" for text in printed).encode(errors="replace"))

    def _end(self) -> None:
        if self._long is not None:
            self._long.end(self._arrived)
            self._long = None
        elif self._partial:
            self._lines(self._arrived, self._partial + b"\n")


class _LongLine:
    """One line over the limit, written in pieces as it comes."""

    def __init__(self, log: LineLog, forms: tuple[Forms, ...] | None) -> None:
        self._log = log
        self._masker = StreamMasker(log.secrets, forms)
        self._decided = bytearray()
        self._pieces = 0

    def hold(self, forms: tuple[Forms, ...]) -> None:
        """Mask the rest of it by these, and no others."""
        self._masker.hold(forms)

    def feed(self, arrived: int, data: bytes) -> None:
        self._decided += self._masker.feed(data)
        while len(self._decided) > LINE_LIMIT:
            self._give(arrived, LINE_LIMIT)

    def end(self, arrived: int) -> None:
        self._decided += self._masker.close()
        while len(self._decided) > LINE_LIMIT:
            self._give(arrived, LINE_LIMIT)
        if self._decided or not self._pieces:
            self._give(arrived, len(self._decided))

    def _give(self, arrived: int, size: int) -> None:
        self._log.piece(arrived, bytes(self._decided[:size]), self)
        del self._decided[:size]
        self._pieces += 1


class _HiddenLine:
    """A command over the limit that names a secret: it is not carried out, and not shown either."""

    def __init__(self, log: LineLog) -> None:
        self._log = log

    def feed(self, arrived: int, data: bytes) -> None:
        """Nothing of it is kept."""

    def end(self, arrived: int) -> None:
        self._log.block(arrived, _TOO_LONG)
