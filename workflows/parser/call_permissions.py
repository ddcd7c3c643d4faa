"""What a called workflow asks of GITHUB_TOKEN, held against what its caller may: a call never raises it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.model import Workflow
from workflows.schema.jobs import PERMISSIONS

_ASKING = "Error calling workflow '{}'. The {} is requesting '{}', but is only allowed '{}'."
_LEVELS = ("none", "read", "write")
#: The names that GitHub's message lists, in its order; those that it has got since are named when no other is.
_LISTED = (
    "actions",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "issues",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "statuses",
    "security-events",
    "id-token",
)


def problems(reference: str, called: Workflow, allowed: Mapping[str, str] | None) -> Iterator[str]:
    """A sentence for the called workflow, and for each of its jobs, that asks for more than is allowed."""
    if allowed is None:
        return
    asked = [(f"workflow '{reference}'", called.permissions)]
    asked += [(f"nested job '{job.name or job.id}'", job.permissions) for job in called.jobs]
    for who, permissions in asked:
        raised = _raised(permissions or {}, allowed)
        if raised:
            wanted = ", ".join(f"{name}: {(permissions or {})[name]}" for name in raised)
            limit = ", ".join(f"{name}: {allowed.get(name, 'none')}" for name in raised)
            yield _ASKING.format(reference, who, wanted, limit)


def _raised(asked: Mapping[str, str], allowed: Mapping[str, str]) -> list[str]:
    raised = [name for name, level in asked.items() if _rank(level) > _rank(allowed.get(name, "none"))]
    listed = [name for name in _LISTED if name in raised]
    return listed or [name for name in PERMISSIONS if name in raised]


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
