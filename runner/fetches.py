"""Programs that fetch an image: each runs once, however many jobs wait for it.

The program lives as long as somebody waits for it: when the last of the jobs that want the image has been stopped, it
is ended with all that it started.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from runner import process_tree
from runner.errors import JobEnded
from runner.stop import Stop

_SHOWN = 2000  # bytes of what a program said


@dataclass(frozen=True)
class Program:
    """What to run. ``given`` goes to its standard input, where no list of processes shows it."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    given: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """How it ended, and the end of what it said."""

    code: int
    said: str


class Fetches:
    """Those that are under way, by what they fetch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, _Fetch] = {}

    def run(self, key: Hashable, program: Program, stop: Stop) -> Outcome:
        """Run it to its end, or wait for the one of this key that runs already. JobEnded when the job is stopped."""
        with self._lock:
            fetch = self._running.get(key)
            if fetch is None or not fetch.join(stop):
                fetch = self._running[key] = _Fetch(program, stop)
        try:
            return fetch.wait(stop)
        finally:
            fetch.leave(stop)
            with self._lock:
                if self._running.get(key) is fetch and fetch.is_over:
                    del self._running[key]

    def waiting(self, key: Hashable) -> int:
        """How many wait for it now."""
        with self._lock:
            fetch = self._running.get(key)
        return 0 if fetch is None else fetch.waiting


class _Fetch:
    """One run of one program."""

    def __init__(self, program: Program, stop: Stop) -> None:
        self._lock = threading.Lock()
        self._waiting = [stop]
        self._outcome: Outcome | None = None
        self._mark = f"image_{uuid.uuid4()}"
        self._process: subprocess.Popen[bytes] | None = None
        self.is_over = False  # it ends, or has ended: nobody may join any more
        threading.Thread(target=self._carry, args=(program,), name="image-fetch", daemon=True).start()

    def join(self, stop: Stop) -> bool:
        """Wait for it too; False when it is too late for that."""
        with self._lock:
            if not self.is_over:
                self._waiting.append(stop)
            return not self.is_over

    def wait(self, stop: Stop) -> Outcome:
        """Its outcome, when it has one."""
        stop.wait_for(lambda: self._outcome is not None or stop.cancelled)
        if stop.cancelled or self._outcome is None:
            raise JobEnded("The job was stopped while its image was fetched.")
        return self._outcome

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        with self._lock:
            return len(self._waiting)

    def leave(self, stop: Stop) -> None:
        """Wait no more; the last one ends the program."""
        with self._lock:
            self._waiting.remove(stop)
            if self._waiting or self._outcome is not None:
                return
            self.is_over = True
            process = self._process
        if process is not None:
            process_tree.send(self._mark, "KILL", process.pid)

    def _carry(self, program: Program) -> None:
        outcome = self._run(program)
        with self._lock:
            self._outcome, self.is_over = outcome, True
            waiting = list(self._waiting)
        for stop in waiting:
            stop.notify()

    def _run(self, program: Program) -> Outcome:
        variables = {**os.environ, **program.environment, "RUNNER_TRACKING_ID": self._mark}
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    program.command, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, env=variables
                )
            except OSError as error:
                return Outcome(127, f"{program.command[0]}: {error.strerror}")
            with self._lock:
                self._process = process
                is_unwanted = self.is_over  # the last one left before it was started
            if is_unwanted:
                process_tree.send(self._mark, "KILL", process.pid)
            process.communicate(program.given)
            said.seek(max(0, said.seek(0, os.SEEK_END) - _SHOWN))
            return Outcome(process.returncode, said.read().decode(errors="replace").strip())
