"""What an action file (``action.yml``) says, as frozen data. Texts with ``${{ … }}`` are kept as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.model import Position, Step


@dataclass(frozen=True)
class ActionInput:
    """One input. ``default`` may hold expressions."""

    name: str
    description: str = ""
    required: bool = False
    default: str | None = None
    deprecation: str = ""


@dataclass(frozen=True)
class ActionOutput:
    """One output; ``value`` is set by composite actions only."""

    name: str
    description: str = ""
    value: str | None = None


@dataclass(frozen=True)
class JavaScriptRuns:
    """``runs`` of an action that Node.js runs."""

    using: str  # node12, node16, node20, node24
    main: str
    pre: str | None = None
    pre_if: str = "always()"
    post: str | None = None
    post_if: str = "always()"


@dataclass(frozen=True)
class DockerRuns:
    """``runs`` of an action that is a container. ``image`` is ``Dockerfile``, a path, or ``docker://…``."""

    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    entrypoint: str | None = None
    pre_entrypoint: str | None = None
    pre_if: str = "always()"
    post_entrypoint: str | None = None
    post_if: str = "always()"


@dataclass(frozen=True)
class CompositeRuns:
    """``runs`` of an action made of steps."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Action:
    """A whole action file. ``name`` falls back to the path."""

    path: str
    name: str
    runs: JavaScriptRuns | DockerRuns | CompositeRuns
    description: str = ""
    author: str = ""
    inputs: tuple[ActionInput, ...] = ()
    outputs: tuple[ActionOutput, ...] = ()
    position: Position = Position()
