"""The audit log: written by the verbs that handle secret things, in their own transactions; read, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from forge.accounts.actor import Actor
from forge.accounts.models import Account, AuditEntry


def write(
    action: str,
    *,
    actor: Actor | None = None,
    owner_id: int | None = None,
    repository_id: int | None = None,
    environment: str = "",
    scope: str = "",
    names: Sequence[str] = (),
    details: Mapping[str, Any] | None = None,
    run_id: int | None = None,
    job_id: int | None = None,
    epoch: int | None = None,
) -> None:
    """Add one entry. ``actor`` None: the server itself. ``names`` only ever names, no value."""
    account = actor.account if actor else None
    AuditEntry.objects.create(
        action=action,
        actor_id=account.pk if account else None,
        actor_login=account.login if account else "",
        credential=actor.token_id if actor else "",
        owner_id=owner_id,
        repository_id=repository_id,
        environment=environment,
        scope=scope,
        names=list(names),
        details=dict(details or {}),
        run_id=run_id,
        job_id=job_id,
        epoch=epoch,
    )


def queries(
    *,
    owner: Account | None = None,
    repository_id: int | None = None,
    run_id: int | None = None,
    action: str | None = None,
) -> QuerySet[AuditEntry]:
    """The entries of an owner, a repository or a run, newest first; all when none is given."""
    wanted = {
        "owner_id": owner.pk if owner else None,
        "repository_id": repository_id,
        "run_id": run_id,
        "action": action,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return AuditEntry.objects.filter(**given).order_by("-id")
