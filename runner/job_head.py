"""What stands at the head of a job's log: who runs it, and what it may do."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping

from workflows.messages import Assignment


def lines(
    assignment: Assignment, runner: Mapping[str, str], version: str, backend: str, labels: Iterable[str]
) -> list[str]:
    """The lines of "Set up job" that are known before the job has its place."""
    return [
        f"Current runner version: '{version}'",
        f"Runner name: '{runner.get('name', '')}'",
        f"Machine name: '{platform.node()}'",
        f"Backend: {backend}",
        f"Labels: {', '.join(labels)}",
        *_permissions(assignment.permissions),
        "Secret source: Actions" if assignment.secrets else "Secret source: None",
        "Prepare workflow directory",
    ]


def _permissions(held: Mapping[str, str]) -> list[str]:
    if not held:
        return []
    names = sorted((_name(name), level) for name, level in held.items())
    return ["##[group]GITHUB_TOKEN Permissions", *(f"{name}: {level}" for name, level in names), "##[endgroup]"]


def _name(permission: str) -> str:
    """As GitHub's logs write it: PullRequests."""
    return "".join(word.capitalize() for word in permission.split("-"))
