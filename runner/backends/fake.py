"""A backend without processes: it reads a step's script line by line and does as a shell would, for a few words.

For scenarios and for load: the same workflow gives the same result here and in a real shell, as long as its
scripts hold nothing but these lines, which may use ``$NAME`` and ``${NAME}`` of the step's environment:

    echo WORDS [>> FILE]    exit N    sleep SECONDS    true    false    :    # comment
    seq N                   prints 1 to N, each on its line

Any other line is an error, as an unknown command is (127). ``sleep`` ends early on INT, TERM and KILL, with
``stubborn`` in the script as a comment only on KILL. Built-in actions succeed without doing anything.
``failures`` by label make ``prepare`` fail, as a broken machine does; with a label in ``endless`` it waits for an
image that never comes, until the job is stopped.
"""

from __future__ import annotations

import re
import shlex
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.backends.base import Command, Finding, JobPlace, Layout, Lease, SignalName
from runner.errors import GuestFileRefused, JobEnded
from runner.guest_files import GuestFolder
from runner.stop import Stop

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SIGNAL_CODES: Mapping[SignalName, int] = {"INT": 130, "TERM": 143, "KILL": 137}


@dataclass
class FakeBackend:
    """``failures`` maps a label to what prepare says of it; ``speed`` divides every sleep."""

    name = "fake"
    failures: Mapping[str, Exception] = field(default_factory=dict)
    endless: frozenset[str] = frozenset()
    speed: float = 1.0
    prepared: list[Lease] = field(default_factory=list)
    closed: list[Lease] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> FakeSandbox:
        for label in place.labels:
            if label in self.failures:
                raise self.failures[label]
        if self.endless & set(place.labels):
            say("Waiting for an image")
            stop.wait_for(lambda: stop.cancelled)
            raise JobEnded("The job was stopped while its place was made ready.")
        self.prepared.append(place.lease)
        return FakeSandbox(place, self)

    def sweep(self, held: Callable[[], frozenset[Lease]]) -> list[str]:
        return []

    def remove_folder(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def check(self) -> list[Finding]:
        return [Finding("fake backend", True, "runs nothing")]


class FakeSandbox:
    """The place of one job: its folder, and nothing else."""

    def __init__(self, place: JobPlace, backend: FakeBackend) -> None:
        self._place = place
        self._backend = backend
        self._running: list[FakeExecution] = []
        self.layout = Layout(
            work="/__w",
            workspace=f"/__w/{place.repository}/{place.repository}",
            home="/github/home",
            workflow="/github/workflow",
            is_container=True,
            path="/usr/bin:/bin",
            default_shell=("sh -e {0}", "sh -e {0}"),
        )

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> FakeExecution:
        self._backend.commands.append(command)
        execution = FakeExecution(self._place.work, command, write, ended, self._backend.speed)
        self._running.append(execution)
        return execution

    def close(self) -> None:
        for execution in self._running:
            execution.signal("KILL")
        if self._place.lease not in self._backend.closed:
            self._backend.closed.append(self._place.lease)


class FakeExecution:
    """One script, read in a thread of its own."""

    trouble = None

    def __init__(
        self, work: Path, command: Command, write: Callable[[bytes], None], ended: Callable[[], None], speed: float
    ) -> None:
        self._work = work
        self._command = command
        self._write = write
        self._ended = ended
        self._speed = speed
        self._signalled = threading.Event()
        self._code = 0
        self._stubborn = False
        self.exit_code: int | None = None
        threading.Thread(target=self._run, name="fake-step", daemon=True).start()

    def signal(self, name: SignalName) -> None:
        if name == "KILL" or not self._stubborn:
            self._code = _SIGNAL_CODES[name]
            self._signalled.set()

    def _run(self) -> None:
        code = 0
        try:
            code = self._interpret()
        finally:
            self.exit_code = self._code if self._signalled.is_set() else code
            self._ended()

    def _interpret(self) -> int:
        lines = self._script()
        self._stubborn = any(line.strip() == "# stubborn" for line in lines)
        for number, line in enumerate(lines, 1):
            code = self._line(number, line.strip())
            if self._signalled.is_set():
                return self._code
            if code is not None:
                return code
        return 0

    def _script(self) -> list[str]:
        path = next((part for part in self._command.argv if part.startswith("/__w/_temp/")), None)
        if path is None:
            return []
        with GuestFolder(self._work) as guest:
            return (guest.read(path.removeprefix("/__w/"), 1 << 20) or b"").decode().split("\n")

    def _line(self, number: int, line: str) -> int | None:
        """None to go on, else the exit code."""
        expanded = _VARIABLE.sub(lambda found: self._command.environment.get(found[1] or found[2], ""), line)
        word, _, rest = expanded.partition(" ")
        if not word or word in ("true", ":") or word.startswith("#"):
            return None
        if word == "echo":
            return self._echo(rest)
        if word in ("exit", "false"):
            return int(rest or 0) if word == "exit" else 1
        if word == "sleep":
            self._signalled.wait(float(rest) / self._speed)
            return None
        if word == "seq":
            self._write("".join(f"{count}\n" for count in range(1, int(rest) + 1)).encode())
            return None
        self._write(f"fake: {number}: {word}: not found\n".encode())
        return 127

    def _echo(self, rest: str) -> int | None:
        text, arrow, path = rest.partition(" >> ")
        data = (" ".join(shlex.split(text)) + "\n").encode()
        if not arrow:
            self._write(data)
            return None
        return self._append(shlex.split(path)[0].removeprefix("/__w/"), data)

    def _append(self, path: str, data: bytes) -> int | None:
        try:
            with GuestFolder(self._work) as guest:
                before = guest.read(path, 1 << 20) or b""
                guest.remove(path)
                guest.create(path, before + data)
        except GuestFileRefused as problem:
            self._write(f"fake: {problem}\n".encode())
            return 1
        return None
