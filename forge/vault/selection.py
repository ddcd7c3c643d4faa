"""Which repositories of an organisation may use one of its secrets or variables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos.models import Repository
from forge.vault import scopes
from forge.vault.models import Secret, Variable, Visibility
from forge.vault.scopes import Scope

Kept: TypeAlias = Secret | Variable


@dataclass(frozen=True)
class Access:
    """What somebody asks for: a visibility (empty: as it is) and, where it is ``selected``, ids of repositories
    (None: as they are)."""

    visibility: str
    repository_ids: Sequence[int] | None = None


def settled(row: Kept, access: Access | None) -> Access | None:
    """What is asked for, with the row's own visibility where none is."""
    return dataclasses.replace(access, visibility=row.visibility) if access and not access.visibility else access


def check(scope: Scope, access: Access) -> None:
    """``Invalid`` for an unknown visibility, for repositories without ``selected``, and for ids of no
    repository of the organisation whose scope it is."""
    if access.visibility not in Visibility.values:
        words = ", ".join(Visibility.values)
        raise _refused("visibility", f"must be one of {words}")
    if not access.repository_ids:
        return
    if access.visibility != Visibility.SELECTED:
        raise _refused("selected_repository_ids", "may be given only with the visibility selected")
    own = set(_repositories(scope.holder).values_list("pk", flat=True))
    if unknown := sorted(set(access.repository_ids) - own)[:5]:
        shown = ", ".join(map(str, unknown))
        raise _refused("selected_repository_ids", f"{shown}: no repository of {scope.title} has this id")


def apply(row: Kept, access: Access) -> None:
    """Make the selection so; the caller has checked it, saved the visibility, and holds the transaction."""
    if access.visibility != Visibility.SELECTED:
        row.selected_repositories.clear()
    elif access.repository_ids is not None:
        row.selected_repositories.set(set(access.repository_ids))


def repositories(row: Kept) -> QuerySet[Repository]:
    """The selected repositories that there still are, with their owner."""
    found = row.selected_repositories.filter(deleted_at=None)
    return found.select_related("owner").order_by("name_key")


def replace(actor: Actor, row: Kept, repository_ids: Sequence[int]) -> None:
    """Select these and no others. ``Conflict`` while the visibility is another."""
    organization = _organization(row)
    with transaction.atomic():
        row = _selected(row)
        check(Scope.of_organization(organization), Access(Visibility.SELECTED, repository_ids))
        row.selected_repositories.set(set(repository_ids))
        _changed(actor, row, {"repositories": sorted(set(repository_ids))})


def add(actor: Actor, row: Kept, repository_id: int) -> None:
    """Select one more; ``NotFound`` when the organisation has none with this id."""
    with transaction.atomic():
        row = _selected(row)
        found = _repositories(_organization(row)).filter(pk=repository_id).first()
        if found is None:
            raise NotFound
        row.selected_repositories.add(found)
        _changed(actor, row, {"added": repository_id})


def remove(actor: Actor, row: Kept, repository_id: int) -> None:
    """Select one less; one that was not selected changes nothing, ``NotFound`` as ``add``."""
    with transaction.atomic():
        row = _selected(row)
        found = _repositories(_organization(row)).filter(pk=repository_id).first()
        if found is None:
            raise NotFound
        row.selected_repositories.remove(found)
        _changed(actor, row, {"removed": repository_id})


def described(access: Access | None) -> dict[str, Any]:
    """What an audit entry says of it."""
    if access is None:
        return {}
    given: Iterable[int] | None = access.repository_ids
    return {"visibility": access.visibility, **({} if given is None else {"repositories": sorted(set(given))})}


def _repositories(organization: Any) -> QuerySet[Repository]:
    return Repository.objects.filter(owner=organization, deleted_at=None)


def _organization(row: Kept) -> Account:
    if row.organization is None:
        raise AssertionError("only what belongs to an organisation has a selection")
    return row.organization


def _selected(row: Kept) -> Any:
    """The row as it is now, its organisation locked."""
    organization = _organization(row)
    scopes.lock(Scope.of_organization(organization))
    now: Any = type(row).objects.filter(pk=row.pk).first()
    if now is None:
        raise NotFound
    if now.visibility != Visibility.SELECTED:
        raise Conflict(f"The visibility of {now.name} is {now.visibility}, not selected")
    now.organization = organization
    return now


def _changed(actor: Actor, row: Kept, details: dict[str, Any]) -> None:
    type(row).objects.filter(pk=row.pk).update(updated_at=Now())
    word = "secret" if isinstance(row, Secret) else "variable"
    audit.write(f"{word}.updated", actor=actor, names=[row.name], details=details, **scopes.of_row(row).audited)


def _refused(field: str, reason: str) -> Invalid:
    return Invalid(f"{field} {reason}", [FieldError("Request", field, "invalid", f"{field} {reason}")])
