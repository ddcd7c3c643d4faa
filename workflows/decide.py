"""What happens next in a run, decided without touching anything.

A snapshot of an attempt's nodes and jobs goes in, the moves to make come out. The server's ``advance``
and the agent's ``exec`` apply them and ask again until there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.model import Job, Workflow
from workflows.states import Conclusion, Hold, Status


@dataclass(frozen=True)
class Leg:
    """One job to be made from a node: its place in the matrix and everything evaluated for it."""

    index: int
    name: str
    labels: tuple[str, ...]
    matrix: Mapping[str, object] = field(default_factory=dict)
    timeout_minutes: float = 360
    continue_on_error: bool = False


@dataclass(frozen=True)
class JobState:
    """One existing job of a node."""

    id: int
    leg: int
    status: Status
    conclusion: Conclusion | None = None
    continue_on_error: bool = False
    cancel_requested: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeState:
    """One job key of the attempt. Not expanded: no job exists yet."""

    key: str
    needs: tuple[str, ...]
    expanded: bool = False
    jobs: tuple[JobState, ...] = ()
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """An attempt as it stands. ``contexts`` holds github, vars and inputs; needs is worked out here."""

    workflow: Workflow
    nodes: tuple[NodeState, ...]
    hold: Hold = Hold.NONE
    cancel_requested: bool = False
    completed: bool = False
    contexts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Expand:
    """Make the node's jobs, one for each leg."""

    key: str
    legs: tuple[Leg, ...]
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True)
class End:
    """Make one job for the node that is completed at once (skipped, cancelled, or failed to evaluate)."""

    key: str
    name: str
    conclusion: Conclusion
    reason: Mapping[str, object]  # {"code": "condition_false" | "need_failed" | "evaluation_error" | …, …}


@dataclass(frozen=True)
class Queue:
    """Let a pending job (held by max-parallel) go to the runners."""

    job: int


@dataclass(frozen=True)
class Cancel:
    """Ask a job to stop; one that no runner has ends at once."""

    job: int
    reason: Mapping[str, object]


@dataclass(frozen=True)
class Conclude:
    """The attempt is over."""

    conclusion: Conclusion


Move = Expand | End | Queue | Cancel | Conclude
