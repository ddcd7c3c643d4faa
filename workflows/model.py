"""What a workflow file says, as frozen data.

Texts that may hold ``${{ … }}`` are kept as written and evaluated by whoever has the contexts: the
server for job keys, the runner for steps. Conditions are kept as bare expressions that already hold a
status function (``success() && (…)``), as GitHub's own parser delivers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: A value as YAML gives it, or a text with expressions.
Scalar = str | bool | int | float | None
#: Texts by key, in file order; the key ``${{ insert }}`` (further ones with a space more each: ``${{ insert  }}``)
#: stands for a mapping that is laid out in its place. Or one expression for the whole mapping.
Table = Mapping[str, str] | str


@dataclass(frozen=True)
class Position:
    """1-based line and column in the file; 0, 0 when generated."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Defaults:
    """``defaults.run`` of a workflow or a job."""

    shell: str | None = None
    working_directory: str | None = None


@dataclass(frozen=True)
class Filter:
    """Patterns of one kind (branches, tags or paths); ``ignore`` marks the ``…-ignore`` form."""

    patterns: tuple[str, ...]
    ignore: bool = False


@dataclass(frozen=True)
class DispatchInput:
    """One input of ``workflow_dispatch``. ``default`` is kept as text."""

    name: str
    description: str = ""
    type: str = "string"  # string, boolean, choice, number, environment
    required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()
    deprecation: str = ""


@dataclass(frozen=True)
class CallInput:
    """One input of ``workflow_call``. ``default`` is a value of the type, or a text with expressions."""

    name: str
    type: str  # string, boolean, number
    description: str = ""
    required: bool = False
    default: Scalar = None
    deprecation: str = ""


@dataclass(frozen=True)
class CallSecret:
    """One secret that a called workflow takes."""

    name: str
    description: str = ""
    required: bool = False


@dataclass(frozen=True)
class CallOutput:
    """One output of a called workflow; ``value`` is evaluated with its jobs."""

    name: str
    value: str
    description: str = ""


@dataclass(frozen=True)
class Interface:
    """``on.workflow_call``: what a caller gives and gets."""

    inputs: tuple[CallInput, ...] = ()
    secrets: tuple[CallSecret, ...] = ()
    outputs: tuple[CallOutput, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """One entry of ``on.schedule``. ``timezone`` is an IANA name; None is UTC."""

    cron: str
    timezone: str | None = None
    position: Position = Position()


@dataclass(frozen=True)
class Trigger:
    """One event of ``on:`` with its filters. What an event cannot have is empty."""

    event: str
    branches: Filter | None = None
    tags: Filter | None = None
    paths: Filter | None = None
    types: tuple[str, ...] = ()  # activity types; of repository_dispatch, the event types
    workflows: tuple[str, ...] = ()  # names or patterns, of workflow_run
    names: Filter | None = None  # of image_version
    versions: Filter | None = None  # of image_version
    inputs: tuple[DispatchInput, ...] = ()  # of workflow_dispatch
    schedules: tuple[Schedule, ...] = ()  # of schedule
    interface: Interface | None = None  # of workflow_call
    position: Position = Position()


@dataclass(frozen=True)
class Concurrency:
    """``concurrency``: the group, and what happens to who was there before."""

    group: str
    cancel_in_progress: bool | str = False
    queue: str = "single"  # single: one waits, a newer one takes its place; max: all wait in order
    position: Position = Position()


@dataclass(frozen=True)
class Credentials:
    """Login of an image's registry."""

    username: str
    password: str


@dataclass(frozen=True)
class Container:
    """A job's container, or one of its services. ``image`` alone may be one expression for the whole of it."""

    image: str
    credentials: Credentials | None = None
    env: Table = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    options: str | None = None
    entrypoint: str | None = None  # of a service
    command: str | None = None  # of a service
    position: Position = Position()


@dataclass(frozen=True)
class Environment:
    """``environment``: where a job deploys to."""

    name: str
    url: str | None = None
    deployment: bool | str = True
    position: Position = Position()


@dataclass(frozen=True)
class ImageSnapshot:
    """``snapshot``: an image of the machine after the job, which only a hosted service can make."""

    image_name: str
    version: str | None = None
    if_: str = "success()"
    position: Position = Position()


@dataclass(frozen=True)
class Step:
    """One step: exactly one of ``run``, ``uses``, ``wait``, ``wait_all``, ``cancel`` and ``parallel`` is set."""

    id: str  # as given, or generated: __run, __run_2, __actions_checkout, __wait
    name: str | None = None
    if_: str = "success()"
    run: str | None = None
    uses: str | None = None
    with_: Table = field(default_factory=dict)
    env: Table = field(default_factory=dict)
    shell: str | None = None
    working_directory: str | None = None
    continue_on_error: bool | str = False
    timeout_minutes: float | str | None = None
    background: bool = False  # the next step begins at once; a wait, or the end of the job, waits for it
    wait: tuple[str, ...] = ()  # ids of background steps
    wait_all: bool = False
    cancel: str | None = None  # the id of a background step
    parallel: tuple[Step, ...] = ()
    position: Position = Position()


@dataclass(frozen=True)
class Strategy:
    """``strategy``: the matrix as written (None without one), and how its legs run."""

    matrix: Mapping[str, object] | str | None = None
    fail_fast: bool | str = True
    max_parallel: int | str | None = None


@dataclass(frozen=True)
class Call:
    """A job that runs another workflow file. ``workflow`` is that file, once it was resolved (``parser.calls``)."""

    uses: str  # ./.github/workflows/x.yml, or owner/name/.github/workflows/x.yml@ref
    with_: Mapping[str, Scalar] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    inherits_secrets: bool = False  # ``secrets: inherit``
    workflow: Workflow | None = None
    position: Position = Position()


@dataclass(frozen=True)
class Job:
    """One job key of the file: steps on a runner, or the call of another workflow."""

    id: str
    name: str | None = None
    needs: tuple[str, ...] = ()
    if_: str = "success()"
    runs_on: tuple[str, ...] | str = ()  # labels, each maybe with expressions; or one expression for the list
    runner_group: str | None = None  # ``runs-on.group``
    env: Table = field(default_factory=dict)
    outputs: Table = field(default_factory=dict)
    defaults: Defaults = Defaults()
    permissions: Mapping[str, str] | None = None  # as in Workflow; None: the workflow's
    timeout_minutes: float | str | None = None
    cancel_timeout_minutes: float | str | None = None
    continue_on_error: bool | str = False
    strategy: Strategy | str | None = None
    concurrency: Concurrency | None = None
    container: Container | None = None
    services: Mapping[str, Container] | str = field(default_factory=dict)
    environment: Environment | None = None
    snapshot: ImageSnapshot | None = None
    steps: tuple[Step, ...] = ()
    call: Call | None = None
    position: Position = Position()


@dataclass(frozen=True)
class Workflow:
    """A whole file. ``path`` is relative to the repository's root; ``name`` falls back to it."""

    path: str
    name: str
    on: tuple[Trigger, ...] = ()
    run_name: str | None = None
    env: Table = field(default_factory=dict)
    defaults: Defaults = Defaults()
    #: What GITHUB_TOKEN may do: read or write by name, names that are not there being none. None: not said.
    permissions: Mapping[str, str] | None = None
    concurrency: Concurrency | None = None
    jobs: tuple[Job, ...] = ()
    #: Where an expression stands among known keys (``strategy: {${{ insert }}: …}``): what it gives is not in here.
    expression_keys: tuple[Position, ...] = ()

    @property
    def interface(self) -> Interface | None:
        """What callers give and get; None for a workflow that cannot be called."""
        return next((trigger.interface for trigger in self.on if trigger.interface is not None), None)

    def job(self, job_id: str) -> Job:
        """The job with this key; KeyError when there is none."""
        for job in self.jobs:
            if job.id == job_id:
                return job
        raise KeyError(job_id)
