"""What people see of runners and their groups."""

from __future__ import annotations

from typing import Any

from forge.runners import groups, labels, registration
from forge.runners.models import Runner, RunnerGroup


def runner(row: Runner) -> dict[str, Any]:
    """GitHub's ``runner``, of a row of ``queries.runners``."""
    number, name = groups.title(row.group)
    return {
        "id": row.pk,
        "runner_group_id": number,
        "runner_group_name": name,
        "name": row.name,
        "os": row.os.lower() or "unknown",
        "status": "online" if registration.online(row) else "offline",
        "busy": bool(getattr(row, "busy", False)),  # annotated by the query; a new one is not
        "ephemeral": row.ephemeral,
        "version": row.version or None,
        "labels": list_labels(row),
    }


def list_labels(row: Runner) -> list[dict[str, Any]]:
    """GitHub's ``runner-label``, those first that nobody changes."""
    found = [(name, "read-only") for name in labels.fixed(row)] + [(name, "custom") for name in labels.custom(row)]
    return [{"id": number, "name": name, "type": kind} for number, (name, kind) in enumerate(found, start=1)]


def group(row: RunnerGroup, organization: str, api: str) -> dict[str, Any]:
    """GitHub's ``runner-groups-org``."""
    url = f"{api}/orgs/{organization}/actions/runner-groups/{row.number}"
    shown = {
        "id": row.number,
        "name": row.name,
        "visibility": row.visibility,
        "default": row.is_default,
        "runners_url": f"{url}/runners",
        "inherited": False,
        "allows_public_repositories": row.allows_public_repositories,
        "restricted_to_workflows": row.restricted_to_workflows,
        "selected_workflows": row.selected_workflows,
        "workflow_restrictions_read_only": False,
    }
    if row.visibility == RunnerGroup.Visibility.SELECTED:
        shown["selected_repositories_url"] = f"{url}/repositories"
    return shown
