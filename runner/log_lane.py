"""The way into a job's log, on which nothing overtakes.

When a step's program has ended, what it wrote last may still be on its way through the masks. The next step need not
wait for that: a ``Turn`` that is left goes on by itself, and what is written behind it waits here for its place. So do
marks: what is to be known of the log's length there. While nothing was left, everything goes into the log at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from runner.spool import RAW_CAPACITY, JobLog, LineLog, Turn

MOST_LEFT = 8  # outputs at once: each has a file and a thread


class LogLane(LineLog):
    """What writes to ``log`` one after another; shared by all threads of a job.

    ``problem`` is the first thing that went wrong with what was left or waited here: ``check`` raises it.
    """

    def __init__(self, log: JobLog, *, capacity: int = RAW_CAPACITY) -> None:
        super().__init__(log.secrets, log.moment)
        self.log = log
        self._capacity = capacity
        self._waiting: deque[Callable[[], None]] = deque()
        self._at_work: _LaneTurn | None = None  # the one that was left, and whose turn it is
        self._left: dict[_LaneTurn, int] = {}  # bytes
        self._is_closed = False
        self.problem: Exception | None = None

    @property
    def size(self) -> int:
        """Bytes of the log so far; where the next line comes only when nothing is on its way there."""
        return self.log.size

    def enter(self) -> Turn:
        turn = _LaneTurn(self)
        self._do(turn.come)
        return turn

    def mark(self, note: Callable[[int, bool], None]) -> None:
        """Have the place told where the next line comes, now or when it is known. Called with it, and whether that
        was later."""
        with self.changed:
            is_late = self._at_work is not None
            self._do(lambda: note(self.log.size, is_late))

    def settle(self) -> None:
        """Come back when nothing is on its way any more."""
        with self.changed:
            self.changed.wait_for(lambda: not self._left and self._at_work is None)

    def stay(self) -> None:
        """Settle, and let nothing be left from now on: others write into the log, too."""
        with self.changed:
            self._is_closed = True
        self.settle()

    def check(self) -> None:
        """Raise what went wrong behind the back of whoever wrote."""
        if self.problem is not None:
            raise self.problem

    def leave(self, turn: _LaneTurn, size: int) -> bool:
        """``Turn.leave``. There is an end to what may be on its way."""
        with self.changed:
            is_full = len(self._left) >= MOST_LEFT or sum(self._left.values()) + size > self._capacity
            if self._is_closed or is_full:
                return False
            self._left[turn] = size
            if turn.is_ready:
                self._at_work = turn
            return True

    def is_left(self, turn: _LaneTurn) -> bool:
        """Whether others go on."""
        return turn in self._left

    def work_on(self, turn: _LaneTurn) -> None:
        """It is the turn of one that was left."""
        self._at_work = turn

    def over(self, turn: _LaneTurn, problem: Exception | None) -> None:
        """``Turn.over``."""
        with self.changed:
            if self._left.pop(turn, None) is None:  # it is waited for, and says itself what went wrong
                return
            self.problem = self.problem or problem
            if self._at_work is turn:
                self._at_work = None
                self._go_on()
            self.changed.notify_all()

    def _append(self, data: bytes, line: object) -> None:
        self._do(partial(self.log.place, data, line))

    def _do(self, act: Callable[[], None]) -> None:
        with self.changed:
            if self._at_work is None:
                act()
            else:
                self._waiting.append(act)

    def _go_on(self) -> None:
        while self._waiting and self._at_work is None:
            try:
                self._waiting.popleft()()
            except OSError as problem:  # a full disk; the places of what comes behind are told all the same
                self.problem = self.problem or problem


class _LaneTurn(Turn):
    """The place of an output in a lane."""

    def __init__(self, lane: LogLane) -> None:
        super().__init__(lane.log)
        self._lane = lane
        self._news = threading.Condition()
        self._is_ready = False
        self._has_ended = False

    @property
    def is_ready(self) -> bool:
        return self._is_ready

    def come(self) -> None:
        """All that was before it is in the log."""
        if self._lane.is_left(self):
            self._lane.work_on(self)
        with self._news:
            self._is_ready = True
            self._news.notify_all()

    def wait(self, *, also_for_end: bool = False) -> None:
        with self._news:
            self._news.wait_for(lambda: self._is_ready or (also_for_end and self._has_ended))

    def note_end(self) -> None:
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def leave(self, size: int) -> bool:
        return self._lane.leave(self, size)

    def over(self, problem: Exception | None) -> None:
        self._lane.over(self, problem)
