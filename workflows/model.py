"""What a workflow file says, as frozen data.

Texts that may hold ``${{ … }}`` are kept as written and evaluated by whoever has the contexts: the
server for job keys, the runner for steps. Conditions are kept as bare expressions that already hold a
status function (``success() && (…)``), as GitHub's own parser delivers them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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


@dataclass(frozen=True)
class Trigger:
    """One event of ``on:`` with its filters."""

    event: str
    branches: Filter | None = None
    tags: Filter | None = None
    paths: Filter | None = None
    types: tuple[str, ...] = ()
    inputs: tuple[DispatchInput, ...] = ()
    position: Position = Position()


@dataclass(frozen=True)
class Step:
    """One step: exactly one of ``run`` and ``uses`` is set."""

    id: str  # as given, or generated: __run, __run_2, __actions_checkout
    name: str | None = None
    if_: str = "success()"
    run: str | None = None
    uses: str | None = None
    with_: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    shell: str | None = None
    working_directory: str | None = None
    continue_on_error: bool | str = False
    timeout_minutes: float | str | None = None
    position: Position = Position()


@dataclass(frozen=True)
class Strategy:
    """``strategy``: the matrix as written (None without one), and how its legs run."""

    matrix: Mapping[str, object] | str | None = None
    fail_fast: bool | str = True
    max_parallel: int | str | None = None


@dataclass(frozen=True)
class Job:
    """One job key of the file."""

    id: str
    name: str | None = None
    needs: tuple[str, ...] = ()
    if_: str = "success()"
    runs_on: tuple[str, ...] | str = ()  # labels, each maybe with expressions; or one expression for the list
    env: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    defaults: Defaults = Defaults()
    permissions: Mapping[str, str] | None = None  # as in Workflow; None: the workflow's
    timeout_minutes: float | str | None = None
    continue_on_error: bool | str = False
    strategy: Strategy | None = None
    steps: tuple[Step, ...] = ()
    position: Position = Position()


@dataclass(frozen=True)
class Workflow:
    """A whole file. ``path`` is relative to the repository's root; ``name`` falls back to it."""

    path: str
    name: str
    on: tuple[Trigger, ...] = ()
    run_name: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    defaults: Defaults = Defaults()
    #: What GITHUB_TOKEN may do: read or write by name, names that are not there being none. None: not said.
    permissions: Mapping[str, str] | None = None
    jobs: tuple[Job, ...] = ()

    def job(self, job_id: str) -> Job:
        """The job with this key; KeyError when there is none."""
        for job in self.jobs:
            if job.id == job_id:
                return job
        raise KeyError(job_id)
