"""The contexts that are fixed for a run: github (without addresses and token), inputs, vars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from forge.actions.models import Event, Run, RunAttempt
from forge.repos.models import Repository

RETENTION_DAYS = 90


def github(event: Event, repository: Repository, *, path: str, workflow_name: str, sha: str) -> dict[str, Any]:
    """The part of ``github`` that no attempt changes. The payload stands in the event row, once."""
    kind, _, name = event.ref.removeprefix("refs/").partition("/")
    actor = event.actor
    return {
        "actor": actor.login if actor else "ghost",
        "actor_id": str(actor.pk) if actor else "0",
        "base_ref": "",
        "event_name": event.name,
        "head_ref": "",
        "ref": event.ref,
        "ref_name": name,
        "ref_protected": False,
        "ref_type": "tag" if kind == "tags" else "branch",
        "repository": repository.full_name,
        "repository_id": str(repository.pk),
        "repository_owner": repository.owner.login,
        "repository_owner_id": str(repository.owner_id),
        "repository_visibility": "private" if repository.private else "public",
        "repositoryUrl": f"{settings.PUBLIC_URL}/{repository.full_name}.git",
        "retention_days": str(RETENTION_DAYS),
        "secret_source": "Actions",
        "server_url": settings.PUBLIC_URL,
        "api_url": f"{settings.PUBLIC_URL}/api/v3",
        "graphql_url": f"{settings.PUBLIC_URL}/api/graphql",
        "sha": sha,
        "workflow": workflow_name,
        "workflow_ref": f"{repository.full_name}/{path}@{event.ref}",
        "workflow_sha": sha,
    }


def of_attempt(run: Run, attempt: RunAttempt) -> dict[str, Any]:
    """github, inputs and vars as an attempt sees them. Give the run with its event, the attempt with its actor."""
    fixed: Mapping[str, Any] = run.contexts
    who = attempt.triggering_actor
    return {
        "github": {
            **fixed.get("github", {}),
            "event": run.event.payload,
            "run_id": str(run.pk),
            "run_number": str(run.run_number),
            "run_attempt": str(attempt.number),
            "triggering_actor": who.login if who else "ghost",
        },
        "inputs": fixed.get("inputs", {}),
        "vars": attempt.variables,
    }
