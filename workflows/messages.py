"""What server and runner say to each other, as dataclasses; JSON on the wire.

``to_wire`` and ``from_wire`` are the only codec: field names as written here (a trailing underscore is
dropped), tuples as lists, mappings as objects, unset optional fields as null. Unknown fields are
ignored, so that either side may be the newer one; a missing or ill-typed field is an ``InvalidMessage``
that names its path.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from workflows.errors import InvalidMessage
from workflows.model import Defaults, Job, Table

Message = TypeVar("Message")


@dataclass(frozen=True)
class Register:
    """POST /api/v1/runners/register. The agent makes its credential and sends only the hash (sha256 hex)."""

    name: str
    labels: tuple[str, ...]
    credential_hash: str
    os: str = "Linux"
    arch: str = "X64"
    version: str = ""
    capacity: int = 1
    ephemeral: bool = False
    group: str | None = None
    replace: bool = False
    container_url: str | None = None  # how job containers reach the server; must be on its allow-list


@dataclass(frozen=True)
class Registered:
    """The answer to ``Register``."""

    runner: int
    name: str
    labels: tuple[str, ...]
    lease_seconds: int = 45
    heartbeat_seconds: int = 15
    group: str = "Default"


@dataclass(frozen=True)
class ActiveJob:
    """A job that the runner believes it holds; ``cancel_seen`` once it knows of the cancel (2: of the force)."""

    job: int
    epoch: int
    cancel_seen: int = 0


@dataclass(frozen=True)
class Poll:
    """POST /api/v1/runners/poll, held up to ``wait_seconds`` (server bound 50)."""

    instance: str  # one random word a process, so that two processes with one credential are told apart
    request_key: str
    free: int
    active: tuple[ActiveJob, ...] = ()
    wait_seconds: float = 50
    draining: bool = False  # whether it knows that the server wants no more work given to it


@dataclass(frozen=True)
class CancelNotice:
    """Stop this job. ``force``: at once, without always() steps."""

    job: int
    epoch: int
    force: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Heartbeat:
    """POST /api/v1/runners/heartbeat every ``heartbeat_seconds`` while jobs run."""

    instance: str
    active: tuple[ActiveJob, ...] = ()


@dataclass(frozen=True)
class HeartbeatEntry:
    """The server's word on one active job. Not held: the lease is lost, kill its containers."""

    job: int
    epoch: int
    held: bool
    cancelled: bool = False
    force: bool = False
    reason: str = ""


@dataclass(frozen=True)
class HeartbeatAnswer:
    """One entry for each job that was asked about; absence of an entry ends nothing."""

    jobs: tuple[HeartbeatEntry, ...] = ()
    drain: bool = False


@dataclass(frozen=True)
class LeftJob:
    """What is left of a job that this runner goes on with no more: nothing runs, and this log lies on its disk."""

    job: int
    epoch: int
    log_length: int
    log_sha256: str


@dataclass(frozen=True)
class Recover:
    """POST /api/v1/runners/recover, once nothing of these jobs runs any more."""

    instance: str
    jobs: tuple[LeftJob, ...]


@dataclass(frozen=True)
class RecoveredJob:
    """The server's word on one of them. No token: nobody wants the rest of this log."""

    job: int
    epoch: int
    lease_token: str | None = None
    log_length: int = 0  # bytes that the server has


@dataclass(frozen=True)
class Recovered:
    """One entry for each job of ``Recover``."""

    jobs: tuple[RecoveredJob, ...] = ()


@dataclass(frozen=True)
class Rotate:
    """POST /api/v1/runners/rotate: the hash (sha256 hex) of the credential that the runner is about to use."""

    instance: str
    credential_hash: str


@dataclass(frozen=True)
class Leave:
    """POST /api/v1/runners/leave: the process ends, and holds no job."""

    instance: str


@dataclass(frozen=True)
class CancelState:
    """Answer of POST /api/v1/jobs/{id}/cancel-check."""

    cancelled: bool
    force: bool = False
    reason: str = ""


@dataclass(frozen=True)
class RepositoryInfo:
    """The repository of a job, as its runner reaches it."""

    id: int
    full_name: str
    clone_url: str  # as reached from inside the job (container_url of the runner)
    private: bool = False
    default_branch: str = "main"


@dataclass(frozen=True)
class Urls:
    """Addresses as this runner and its containers reach them; no trailing slash."""

    server: str
    api: str
    graphql: str


@dataclass(frozen=True)
class Assignment:
    """Everything that a runner needs for one job, and nothing else. Expressions are unevaluated."""

    job: int
    epoch: int
    lease_token: str
    lease_seconds: int
    offline_limit_seconds: int
    run: int
    run_number: int
    attempt: int
    job_name: str
    repository: RepositoryInfo
    sha: str
    ref: str
    workflow_path: str
    definition: Job
    workflow_env: Table = field(default_factory=dict)
    workflow_defaults: Defaults = Defaults()
    #: github, vars, needs, matrix, strategy, inputs; job, as far as it is known before it begins
    contexts: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    masks: tuple[str, ...] = ()
    github_token: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)  # what that token may do; for people to read
    urls: Urls = Urls("", "", "")
    timeout_minutes: float = 360
    cancel_timeout_minutes: float = 5
    debug: bool = False  # debug logging: RUNNER_DEBUG, ##[debug] lines


@dataclass(frozen=True)
class PollAnswer:
    """200 of a poll: any of these. 204 has no body."""

    assignment: Assignment | None = None
    cancels: tuple[CancelNotice, ...] = ()
    drain: bool = False


@dataclass(frozen=True)
class StepReport:
    """The state of one step. ``workflow`` marks what the workflow spawns (not "Set up job" and the like)."""

    number: int
    name: str
    status: str
    workflow: bool = True
    outcome: str | None = None
    conclusion: str | None = None
    started_at: str | None = None  # RFC 3339 UTC
    completed_at: str | None = None
    log_start: int | None = None  # byte span in the job's log
    log_end: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class StepsReport:
    """POST /api/v1/jobs/{id}/steps."""

    epoch: int
    steps: tuple[StepReport, ...]


@dataclass(frozen=True)
class AnnotationReport:
    """One annotation; level is notice, warning or failure (GitHub's word for error)."""

    step: int
    level: str
    message: str
    title: str = ""
    path: str = ""
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    end_column: int | None = None
    log_offset: int | None = None


@dataclass(frozen=True)
class SummaryReport:
    """The step summary (Markdown, masked) of one step."""

    step: int
    text: str


@dataclass(frozen=True)
class JobReport:
    """POST /api/v1/jobs/{id}/status: in_progress (acknowledges the claim) or the end, in one message."""

    epoch: int
    status: str
    conclusion: str | None = None
    reason: str = ""  # a code such as image_unavailable, timed_out, cancelled; "" for the ordinary end
    message: str = ""  # the words for a person, for instance the engine's own
    outputs: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[AnnotationReport, ...] = ()
    summaries: tuple[SummaryReport, ...] = ()
    environment_url: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    log_length: int | None = None
    log_sha256: str | None = None


@dataclass(frozen=True)
class LogAccepted:
    """Answer of PUT /api/v1/jobs/{id}/log: the offset that the server wants next."""

    next: int


def to_wire(value: Any) -> Any:
    """A message as what ``json.dumps`` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name.rstrip("_"): to_wire(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_wire(item) for item in value]
    return value


def from_wire(cls: type[Message], data: Any) -> Message:
    """Read a message; InvalidMessage names the first path that is wrong."""
    return typing.cast(Message, _read(cls, data, cls.__name__))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(kind: Any, data: Any, path: str) -> Any:
    if kind is Any or kind is object:
        return data
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_union(kind, data, path)
    if origin is tuple:
        if not isinstance(data, list):
            raise InvalidMessage(f"{path}: a list was expected, not {type(data).__name__}")
        item = typing.get_args(kind)[0]
        return tuple(_read(item, entry, f"{path}[{i}]") for i, entry in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise InvalidMessage(f"{path}: an object was expected, not {type(data).__name__}")
        item = typing.get_args(kind)[1]
        return {key: _read(item, entry, f"{path}.{key}") for key, entry in data.items()}
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, path)
    return _read_scalar(kind, data, path)


def _read_union(kind: Any, data: Any, path: str) -> Any:
    members = typing.get_args(kind)
    if data is None and type(None) in members:
        return None
    for member in members:
        if member is type(None):
            continue
        try:
            return _read(member, data, path)
        except InvalidMessage:
            continue
    raise InvalidMessage(f"{path}: {type(data).__name__} is not one of the types allowed here")


def _read_dataclass(kind: Any, data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise InvalidMessage(f"{path}: an object was expected, not {type(data).__name__}")
    hints, values = _hints(kind), {}
    for f in dataclasses.fields(kind):
        name = f.name.rstrip("_")
        if name in data:
            values[f.name] = _read(hints[f.name], data[name], f"{path}.{name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise InvalidMessage(f"{path}.{name} is missing")
    return kind(**values)


def _read_scalar(kind: Any, data: Any, path: str) -> Any:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind in (int, float) and isinstance(data, bool)):
        raise InvalidMessage(f"{path}: {kind.__name__} was expected, not {type(data).__name__}")
    return data
