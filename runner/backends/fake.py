"""A backend without processes: it reads a step's script and does as a shell would, for a few words.

For scenarios and for load: the same workflow gives the same result here and in a real shell, as long as its
scripts hold nothing but what ``runner.backends.fake_shell`` knows.

``sleep`` ends early on INT, TERM and KILL, with ``# stubborn`` as a line of the script only on KILL. Built-in
actions succeed without doing anything.
``failures`` by label make ``prepare`` fail, as a broken machine does; with a label in ``endless`` it waits for an
image that never comes, until the job is stopped.
"""

from __future__ import annotations

import posixpath
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner.backends.base import Command, Finding, JobPlace, Layout, Lease, SignalName
from runner.backends.fake_shell import Fetch, Shell
from runner.containers import ports
from runner.containers.spec import ContainerSpec, ServiceInfo
from runner.errors import GuestFileRefused, JobEnded
from runner.guest_files import GuestFolder
from runner.stop import Stop

#: Where the job's folder is, as its steps see it.
_WORK = "/__w/"
_NOT_RUN = 126
_SIGNAL_CODES: Mapping[SignalName, int] = {"INT": 130, "TERM": 143, "KILL": 137}


@dataclass
class FakeBackend:
    """``failures`` maps a label to what prepare says of it; ``speed`` divides every sleep; ``fetch`` is what scripts
    have for a network, none by itself."""

    name = "fake"
    failures: Mapping[str, Exception] = field(default_factory=dict)
    endless: frozenset[str] = frozenset()
    speed: float = 1.0
    fetch: Fetch | None = None
    prepared: list[Lease] = field(default_factory=list)
    closed: list[Lease] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def layout(self, place: JobPlace) -> Layout:
        return layout_of(place)

    def fetch_ahead(self, stop: Stop) -> None:
        """Nothing: there are no images."""

    def keep_ready(self) -> None:
        pass  # a place here costs nothing to make

    def let_go(self) -> None:
        pass

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
        self.layout = layout_of(place)

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> FakeExecution:
        self._backend.commands.append(command)
        execution = FakeExecution(self._place.work, command, write, ended, self._backend)
        self._running.append(execution)
        return execution

    def start_services(self, say: Callable[[str], None], stop: Stop) -> Mapping[str, ServiceInfo]:
        services = self._place.containers.services
        for spec in services:
            say(f"Starting {spec.name} service container")
        return {spec.name: _service(spec) for spec in services}

    def stop_containers(self, say: Callable[[str], None]) -> None:
        for spec in self._place.containers.services:
            say(f"Stop and remove container: {spec.name}")
        self.close()

    def live_for(self, seconds: float) -> None:
        """Nothing here outlives its agent."""

    def close(self) -> None:
        for execution in self._running:
            execution.signal("KILL")
        if self._place.lease not in self._backend.closed:
            self._backend.closed.append(self._place.lease)


def layout_of(place: JobPlace) -> Layout:
    """A container that is none: as with the docker backend."""
    layout = Layout(
        work="/__w",
        workspace=f"/__w/{place.repository}/{place.repository}",
        home="/github/home",
        workflow="/github/workflow",
        is_container=True,
        path="/usr/bin:/bin",
        default_shell=("/usr/bin/bash -e {0}", "/usr/bin/bash -e {0}"),
    )
    job = place.containers.job
    if job is not None:
        layout = replace(layout, default_shell=("sh -e {0}", "sh -e {0}"), container_env=job.env)
    return replace(layout, job_container_id=f"container-of-{place.lease}", network=f"network-of-{place.lease}")


def _service(spec: ContainerSpec) -> ServiceInfo:
    """Made-up ids; ports that the workflow leaves open are one more than they are inside."""
    mapped = {str(port.inner): str(port.outer or port.inner + 1) for port in ports.parse(spec, spec.ports)}
    return ServiceInfo(f"service-{spec.name}", "network", mapped)


class FakeExecution:
    """One script, read in a thread of its own."""

    trouble = None

    def __init__(
        self,
        work: Path,
        command: Command,
        write: Callable[[bytes], None],
        ended: Callable[[], None],
        backend: FakeBackend,
    ) -> None:
        self._work = work
        self._command = command
        self._write = write
        self._ended = ended
        self._backend = backend
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
        if problem := self._obstacle():
            self._write(problem.encode())
            return _NOT_RUN
        script = self._script()
        self._stubborn = any(line.strip() == "# stubborn" for line in script.split("\n"))
        return Shell(self, self._command.environment, self._command.directory, self._backend.fetch).run(script)

    def _obstacle(self) -> str:
        """What the other backends say of a step that is to run in a folder that is not there."""
        folder = posixpath.normpath(self._command.directory)
        if not folder.startswith(_WORK) or (self._work / folder.removeprefix(_WORK)).is_dir():
            return ""
        what = f"start process '{self._command.argv[0]}' with working directory '{self._command.directory}'"
        return f"An error occurred trying to {what}. No such file or directory\n"

    def _script(self) -> str:
        path = next((part for part in self._command.argv if part.startswith("/__w/_temp/")), None)
        return "" if path is None else (self.read(path) or b"").decode()

    # --- what the script reaches -----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """To the step's output."""
        self._write(data)

    def sleep(self, seconds: float) -> bool:
        """True when the script was stopped meanwhile."""
        return self._signalled.wait(seconds / self._backend.speed)

    def read(self, path: str) -> bytes | None:
        """A file of the job's folder; None for all others."""
        if not path.startswith(_WORK):
            return None
        try:
            with GuestFolder(self._work) as guest:
                return guest.read(path.removeprefix(_WORK), 1 << 20)
        except GuestFileRefused:
            return None

    def save(self, path: str, data: bytes, *, append: bool) -> str:
        """Write a file of the job's folder; what is wrong with that, or nothing."""
        if not path.startswith(_WORK):
            return "Permission denied"
        relative = path.removeprefix(_WORK)
        try:
            with GuestFolder(self._work) as guest:
                before = (guest.read(relative, 1 << 20) or b"") if append else b""
                guest.remove(relative)
                guest.create(relative, before + data)
        except GuestFileRefused as problem:
            return str(problem)
        return ""
