"""What decisions are made from, and what they are: a snapshot in, moves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.model import Workflow
from workflows.states import Conclusion, Hold, Status


@dataclass(frozen=True)
class Group:
    """A concurrency group as it was evaluated: one of all that name it (in any case) runs at a time."""

    name: str
    cancel_in_progress: bool = False
    queue: str = "single"  # single: one waits, a newer one takes its place; max: a hundred wait in order


class Gate(StrEnum):
    """How something stands with the concurrency groups that it has to pass."""

    OPEN = ""  # there are none
    WANTED = "wanted"  # its turn to ask has not come
    ASKED = "asked"  # it waits in line
    HELD = "held"  # it has them


@dataclass(frozen=True)
class Leg:
    """One job to be made from a node: its place in the matrix and everything evaluated for it."""

    index: int
    name: str
    labels: tuple[str, ...]
    matrix: Mapping[str, object] = field(default_factory=dict)
    timeout_minutes: float = 360
    cancel_timeout_minutes: float = 5
    continue_on_error: bool = False
    groups: tuple[Group, ...] = ()
    environment: str = ""  # the name of the environment that it deploys to
    runner_group: str = ""  # the group of runners that it asks for


@dataclass(frozen=True)
class JobState:
    """One existing job of a node. ``pending`` is kept for legs that max-parallel or a concurrency group holds back,
    ``waiting`` for those whose environment has rules: ``admitted`` says that they are met."""

    id: int
    leg: int
    status: Status
    conclusion: Conclusion | None = None
    continue_on_error: bool = False
    cancel_requested: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)
    gate: Gate = Gate.OPEN
    admitted: bool = False


@dataclass(frozen=True)
class CallLeg:
    """One run of a called workflow: its place in the caller's matrix, and the ``inputs`` that its jobs see.

    ``cancelled`` is why all of it is to stop, where it is.
    """

    index: int
    name: str
    inputs: Mapping[str, object] = field(default_factory=dict)
    matrix: Mapping[str, object] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    gate: Gate = Gate.OPEN
    cancelled: Mapping[str, object] | None = None


@dataclass(frozen=True)
class NodeState:
    """One job key of the attempt. Not expanded: no job exists yet.

    A job that calls a workflow has ``calls`` instead of jobs once it is expanded, and for each the nodes of the
    called workflow, which name it as their ``parent`` and ``leg``. ``needs`` are keys of nodes.
    """

    key: str
    needs: tuple[str, ...]
    expanded: bool = False
    jobs: tuple[JobState, ...] = ()
    fail_fast: bool = True
    max_parallel: int | None = None
    calls: tuple[CallLeg, ...] = ()
    parent: str | None = None
    leg: int = 0

    @property
    def id(self) -> str:
        """The job's key in its own file."""
        return self.key.rpartition("/")[2]


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
    """Make the node's jobs, one for each leg, and mark the node as expanded.

    The first ``max_parallel`` legs by index are made ``queued`` (all of them when it is None), the others
    ``pending``, and so is every leg with ``groups``; one whose environment has rules is made
    ``waiting``. An ``Admit``, ``Ask`` or ``Queue`` for each of those follows when its turn has come.
    """

    key: str
    legs: tuple[Leg, ...]
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True)
class Enter:
    """Mark the node of a calling job as expanded, and make these nodes of the called workflow, for each leg its own."""

    key: str
    legs: tuple[CallLeg, ...]
    nodes: tuple[NodeState, ...]
    fail_fast: bool = True
    max_parallel: int | None = None


@dataclass(frozen=True)
class End:
    """Make one job for the node that is completed at once, and mark the node as expanded.

    ``reason`` is one of: ``{"code": "condition_false", "expression"}``; ``{"code": "need_failed", "need",
    "result"}``; ``{"code": "cancelled"}``; ``{"code": "evaluation_error", "key", "message"}``.
    """

    key: str
    name: str
    conclusion: Conclusion
    reason: Mapping[str, object]


@dataclass(frozen=True)
class Ask:
    """Let a pending job ask for its concurrency groups: its turn has come."""

    job: int


@dataclass(frozen=True)
class AskCall:
    """The same for one leg of a calling job; none of its nodes begins before it has them."""

    key: str
    leg: int


@dataclass(frozen=True)
class Admit:
    """Let a waiting job be pending: the rules of its environment are met, and its turn for the rest comes."""

    job: int


@dataclass(frozen=True)
class Queue:
    """Let a pending job (held by max-parallel or a group) go to the runners."""

    job: int


@dataclass(frozen=True)
class Cancel:
    """Ask a job to stop; one that no runner has ends at once.

    ``reason`` is ``{"code": "run_cancelled"}`` or ``{"code": "fail_fast", "job", "leg"}`` with the id and
    index of the leg that failed; ``job`` is None when no job of that leg did.
    """

    job: int
    reason: Mapping[str, object]


@dataclass(frozen=True)
class Conclude:
    """The attempt is over."""

    conclusion: Conclusion


Move = Expand | Enter | End | Ask | AskCall | Admit | Queue | Cancel | Conclude
