"""What the administrator decides about the containers of jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from runner.containers.limits import Limits
from runner.containers.options import Policy
from runner.images import Images


@dataclass(frozen=True)
class ContainerRules:
    """Who the agent is, where it keeps its things, and what jobs may have of its engine."""

    runner: str  # for labels
    images: Images = field(default_factory=Images)
    limits: Limits = field(default_factory=Limits)  # of each container
    policy: Policy = field(default_factory=Policy)
    network: str = "bridge"  # of jobs that need none of their own
    folder: Path | None = None  # the agent's data, where forge-relay lies
