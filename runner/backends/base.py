"""The contract of a backend: where and how the steps of a job are run.

A ``Backend`` lives as long as the agent. ``prepare`` makes a ``Sandbox`` for one job: its place is ready,
and nothing of the workflow runs in it. ``Sandbox.start`` runs one command there; its output goes, stdout and
stderr in one stream in the order it was written, to ``write``, which may block: then the command has to wait
too. ``ended`` is called once, from any thread, after the last byte was handed over and ``exit_code`` is set.

A command ends when its own process ends; what it left running may write for ``DRAIN_SECONDS`` more, later bytes
are dropped. ``Execution.signal`` reaches every process that the command started, wherever it has
gone in the meantime. ``Sandbox.close`` ends everything at once and removes all traces but the job's folder,
which belongs to the caller; it may be called twice, and from another thread while a command runs.

What fails for the machine's sake is an InfrastructureError with a reason code; what a command does wrong is
only its exit code. Whoever stops the job while ``prepare`` waits for an image ends that wait with JobEnded.
A place that was kept ready brings a work folder of its own: the job's is renamed into it, or it takes the job's path
with all that was in it. So whoever has the folder open opens it again after ``prepare``.
``sweep`` removes whatever bears this runner's label and belongs to no held lease: it looks first and asks for the
held leases then, so that a job that begins meanwhile is not taken for a leftover.
Everything is made by a data folder of the agent: ``JobPlace`` names the job's part of it. Paths in commands and
environments are those that the step sees: ``Layout``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from runner.containers.spec import JobContainers, ServiceInfo
from runner.stop import Stop

DRAIN_SECONDS = 5.0

SignalName = Literal["INT", "TERM", "KILL"]


@dataclass(frozen=True, order=True)
class Lease:
    """What a job's things are labelled with."""

    job: int
    epoch: int

    def __str__(self) -> str:
        return f"{self.job}-{self.epoch}"

    @classmethod
    def parse(cls, text: str) -> Lease | None:
        """What ``str`` made; None for anything else."""
        job, _, epoch = text.partition("-")
        return cls(int(job), int(epoch)) if job.isdecimal() and epoch.isdecimal() else None


@dataclass(frozen=True)
class JobPlace:
    """One job as a backend needs to know it."""

    lease: Lease
    work: Path  # on the host: becomes the step's work folder; exists, with everything in it
    repository: str  # the repository's name without its owner; the workspace is work/<it>/<it>
    labels: tuple[str, ...] = ()
    containers: JobContainers = field(default_factory=JobContainers)


@dataclass(frozen=True)
class Layout:
    """Where things are, as a step sees them."""

    work: str  # what JobPlace.work is there
    workspace: str
    home: str
    workflow: str  # the folder of event.json
    is_container: bool
    path: str  # PATH before anything is prepended
    default_shell: tuple[str, str]  # name shown, command line with {0}
    environment: Mapping[str, str] = field(default_factory=dict)  # below everything else
    container_env: Mapping[str, str] = field(default_factory=dict)  # of ``container``, above the administrator's
    job_container_id: str = ""
    network: str = ""

    @property
    def temp(self) -> str:
        """RUNNER_TEMP"""
        return f"{self.work}/_temp"

    @property
    def tools(self) -> str:
        """RUNNER_TOOL_CACHE"""
        return "/__t" if self.is_container else f"{self.work}/_tool"


@dataclass(frozen=True)
class Command:
    """One process to start. ``tracking_id`` is unique to it and stands in its environment too."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str
    tracking_id: str


@dataclass(frozen=True)
class Trouble:
    """What else there is to say about a command's end, such as that memory ran out."""

    code: str  # out_of_memory, container_lost, engine_failed
    text: str
    is_ours: bool = False  # the machine's fault, not the step's: the job cannot go on


class Execution(Protocol):
    """A command that was started."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 and more for signals, as a shell says it."""

    @property
    def trouble(self) -> Trouble | None:
        """What else is to be said about its end; None as a rule."""

    def signal(self, name: SignalName) -> None:
        """Signal the command's whole tree; without effect when it has ended."""


class Sandbox(Protocol):
    """The place of one job."""

    @property
    def layout(self) -> Layout:
        """Where things are in it."""

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> Execution:
        """Start a command. InfrastructureError when the place is gone."""

    def start_services(self, say: Callable[[str], None], stop: Stop) -> Mapping[str, ServiceInfo]:
        """Start the job's services and wait until they are ready. InfrastructureError when one is not, JobEnded when
        the job was stopped meanwhile."""

    def stop_containers(self, say: Callable[[str], None]) -> None:
        """End the services, with their logs, and the place."""

    def live_for(self, seconds: float) -> None:
        """A sign of life: unless another comes within so long, everything in it may end by itself, also when this
        agent hangs. What cannot do so ignores it."""

    def close(self) -> None:
        """End everything in it and remove it."""


@dataclass(frozen=True)
class Finding:
    """One line of ``doctor``: what was looked at, whether it is well, and what to do when not."""

    what: str
    good: bool
    detail: str
    mend: str = ""


class Backend(Protocol):
    """A way to run jobs."""

    @property
    def name(self) -> str:
        """docker, host or fake."""

    def layout(self, place: JobPlace) -> Layout:
        """Where things will be, as far as it is known before there is a place."""

    def fetch_ahead(self, stop: Stop) -> None:
        """Fetch what jobs will want, before they do; returns when all is there or the stop comes."""

    def keep_ready(self) -> None:
        """Keep places ready for jobs to come, from now on, where the configuration says so."""

    def let_go(self) -> None:
        """Keep none any more, and remove those that are there."""

    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> Sandbox:
        """Make the place of a job; ``say`` writes a line to its log. InfrastructureError when it cannot be,
        JobEnded when the job was stopped before its place was ready."""

    def sweep(self, held: Callable[[], frozenset[Lease]]) -> list[str]:
        """Remove what no held lease owns; what was removed, in words."""

    def remove_folder(self, folder: Path) -> None:
        """Remove a job's folder, whoever owns the files in it. Nothing runs there any more."""

    def check(self) -> list[Finding]:
        """For ``doctor``."""
