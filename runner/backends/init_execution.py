"""A command that forge-init runs: its output by a pipe of its own, its end by the channel. No engine is asked."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import time
from collections.abc import Callable

from runner.backends.base import DRAIN_SECONDS, Command, SignalName, Trouble
from runner.backends.docker_exec import LOST, Watch
from runner.backends.init_channel import Channel, End
from runner.backends.pipe_pace import BLOCK, LARGE, NAP, Pace
from runner.threads import begin

_LATE_PAUSE = 0.05  # s between two looks at what nobody reads any more: it must not cost a processor

log = logging.getLogger(__name__)


class InitExecution:
    """A running command. One thread reads its output; after its end the same one takes away what comes too late."""

    def __init__(
        self,
        channel: Channel,
        command: Command,
        watch: Watch,
        write: Callable[[bytes], None],
        ended: Callable[[], None],
        drain: float = DRAIN_SECONDS,
    ) -> None:
        self._channel = channel
        self._drain = drain
        self._watch = watch
        self._write = write
        self._tell = ended
        self._memory_before = watch.out_of_memory
        self._is_killed = False  # by ourselves
        self._end: End | None = None
        self.exit_code: int | None = None
        self.trouble: Trouble | None = None
        self.dropped = 0  # bytes that came too late
        self._pipe, theirs = _pipe()
        self._news = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            self._number = channel.start(command, theirs, self._take_end)
        except BaseException:
            os.close(self._pipe)
            os.close(self._news)
            raise
        finally:
            os.close(theirs)
        begin(self._follow)

    def signal(self, name: SignalName) -> None:
        if self.exit_code is None:
            self._is_killed = self._is_killed or name == "KILL"
            self._channel.signal(self._number, name)

    def _take_end(self, end: End) -> None:
        self._end = end
        os.eventfd_write(self._news, 1)

    def _follow(self) -> None:
        try:
            is_open = self._read()
            self._judge(self._await_end())
            self._channel.forget(self._number)
            self._tell()
            if is_open:
                self._drop_late()
        finally:
            os.close(self._pipe)
            os.close(self._news)

    def _read(self) -> bool:
        """Hand on the output until nobody can write any more, or the drain is over; whether somebody still can."""
        ready = select.poll()
        ready.register(self._pipe, select.POLLIN)
        ready.register(self._news, select.POLLIN)
        deadline: float | None = None
        pace = Pace(self._pipe)
        while deadline is None or time.monotonic() < deadline:
            if deadline is None and self._end is not None:
                deadline = time.monotonic() + self._drain
                ready.unregister(self._news)
            data = self._next()
            if data:
                self._write(data)
                rest = pace.rest(len(data))
                if rest and deadline is None:
                    self._gather(rest)
            elif data is not None:
                return False
            else:
                ready.poll(None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000)
        return True

    def _gather(self, seconds: float) -> None:
        """Let more come, unless it ends."""
        if seconds <= NAP:  # a poll counts in whole milliseconds
            time.sleep(seconds)
            return
        end = select.poll()
        end.register(self._news, select.POLLIN)
        end.poll(seconds * 1000)

    def _next(self) -> bytes | None:
        """What is there; empty at the end; None when there is nothing now."""
        try:
            return os.read(self._pipe, LARGE)
        except BlockingIOError:
            return None

    def _await_end(self) -> End:
        """A command may go on without an output."""
        ready = select.poll()
        ready.register(self._news, select.POLLIN)
        ready.poll()
        assert self._end is not None
        return self._end

    def _judge(self, end: End) -> None:
        if end.problem:
            self._write(f"The step's process could not be started: {end.problem}\n".encode())
        if end.code == LOST and not self._is_killed and not self._channel.is_closed:
            self.trouble = self._watch.why_killed(self._memory_before)
        if end.is_lost and self.trouble is None and not self._channel.is_closed:
            self.trouble = self._watch.gone
        self.exit_code = end.code

    def _drop_late(self) -> None:
        """What a step left running goes on writing: read, so that it lives on as it would elsewhere, and dropped."""
        ready = select.poll()
        ready.register(self._pipe, select.POLLIN)
        while not self._channel.over.is_set():
            data = self._next()
            if data == b"":
                break
            self.dropped += len(data or b"")
            ready.poll(1000)
            self._channel.over.wait(_LATE_PAUSE)
        if self.dropped:
            log.info("%s bytes came after the end of their step, and were dropped", self.dropped)


def _pipe() -> tuple[int, int]:
    """A pipe that is large, that does not block our end, and that whoever the step runs as may open anew."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(ours, False)
    with contextlib.suppress(OSError):
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, BLOCK)
    os.fchmod(theirs, 0o666)  # for /dev/stdout and /dev/stderr
    return ours, theirs
