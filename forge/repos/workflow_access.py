"""Who may call the workflows of a private repository: a setting of it. ``access.sharing`` goes by it."""

from __future__ import annotations

from forge.accounts.models import Kind
from forge.errors import FieldError, Invalid
from forge.repos.models import Repository

_Level = Repository.WorkflowAccess


def change(repository: Repository, level: str | None) -> None:
    """Share with nobody (``none``), or with the other private repositories of its owner. Invalid for a word that its
    owner cannot use, and for a public repository, which shares with everybody."""
    shared = _Level.ORGANIZATION if repository.owner.kind == Kind.ORGANIZATION else _Level.USER
    if not repository.private:
        raise _invalid("Everybody may call the workflows of a public repository; this is for private ones")
    if level not in (_Level.NONE, shared):
        raise _invalid(f"access_level must be one of: {_Level.NONE}, {shared}")
    Repository.objects.filter(pk=repository.pk).update(workflow_access=level)


def _invalid(message: str) -> Invalid:
    return Invalid(message, [FieldError("Repository", "access_level", "invalid", message)])
