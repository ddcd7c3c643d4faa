"""A program beside the tests, whose output can be waited for without polling."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType


class ProcessEnded(Exception):
    """It ended, or said nothing of what was waited for; the message carries the end of its output."""


class Process:
    """One running program. Its whole output is kept; `wait_for` blocks until a line of it matches.

    It gets a session of its own, so that `stop` reaches also what it has started, and no input. Its environment is
    ours without the variables that begin with one of `without`, and with `env`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(without)}
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**inherited, **(env or {})},
            cwd=cwd,
            user=user,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"output of {self.name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id, also the id of its group."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; None while it runs."""
        return self._popen.poll()

    @property
    def output(self) -> str:
        """All that it has written so far."""
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, pattern: str, *, timeout: float = 60.0, start: int = 0) -> re.Match[str]:
        """The first match of `pattern` in a line of the output, from line `start` on, when it is there.

        Raises ProcessEnded when the program ends first, or after `timeout` seconds.
        """
        until = time.monotonic() + timeout
        compiled = re.compile(pattern)
        seen = start
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if match := compiled.search(line):
                        return match
                seen = max(seen, len(self._lines))
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    why = "ended" if self._ended else f"said nothing like that in {timeout:g} s"
                    raise ProcessEnded(f"{self.name} {why}; waited for {pattern!r} in:\n{''.join(self._lines[-50:])}")
                self._changed.wait(left)

    def wait(self, timeout: float = 60.0) -> int:
        """Its exit status, when it ends by itself."""
        try:
            status = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ProcessEnded(f"{self.name} runs on after {timeout:g} s:\n{self.output[-4000:]}") from None
        self._reader.join(5)
        return status

    def kill(self) -> None:
        """End it and all that it started, at once and without warning."""
        self._signal(signal.SIGKILL)
        self._finish()

    def send_signal(self, number: signal.Signals) -> None:
        """One signal to the program alone."""
        self._popen.send_signal(number)

    def stop(self, *, number: signal.Signals = signal.SIGTERM, timeout: float = 20.0) -> int:
        """Ask it to end, three times as Forge asks its own children, and end it when it does not; its exit status."""
        for _ in range(3):
            if self._popen.poll() is None:
                self._popen.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):  # the kill below is the answer
                    self._popen.wait(timeout / 3)
        self.kill()
        return self._popen.returncode

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass  # all of them are gone already

    def _finish(self) -> None:
        self._popen.wait()
        self._reader.join(5)
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
