"""What people do with variables: create, change, delete."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.errors import Conflict, NotFound
from forge.vault import names, scopes, selection
from forge.vault.models import Variable
from forge.vault.scopes import Scope
from forge.vault.selection import Access


def create(actor: Actor, scope: Scope, name: str, value: str, access: Access | None = None) -> Variable:
    """A new variable. ``Conflict`` when there is one of this name, ``Invalid`` for what is wrong with the input;
    an organisation's needs ``access``."""
    name = names.check("Variable", name)
    names.check_value("Variable", "value", value)
    with transaction.atomic():
        scopes.lock(scope)
        _check_free(scope, name)
        names.check_room("Variable", scope, Variable.objects.filter(**scope.columns).count(), names.VARIABLES)
        row = Variable(**scope.columns, name=name, value=value)
        _apply(scope, row, access)
        audit.write("variable.created", actor=actor, names=[name], details=selection.described(access), **scope.audited)
    return row


def update(
    actor: Actor,
    scope: Scope,
    name: str,
    *,
    new_name: str | None = None,
    value: str | None = None,
    access: Access | None = None,
) -> None:
    """Change what is given. ``NotFound`` when there is none of this name, ``Conflict`` when the new name is taken."""
    new_name = None if new_name is None else names.check("Variable", new_name)
    if value is not None:
        names.check_value("Variable", "value", value)
    with transaction.atomic():
        scopes.lock(scope)
        row = Variable.objects.filter(**scope.columns, name=names.key(name)).first()
        if row is None:
            raise NotFound
        known = [row.name]
        if new_name is not None and new_name != row.name:
            _check_free(scope, new_name)
            known.append(new_name)
            row.name = new_name
        if value is not None:
            row.value = value
        access = selection.settled(row, access)
        _apply(scope, row, access)
        details = {**selection.described(access), "value": value is not None}
        audit.write("variable.updated", actor=actor, names=known, details=details, **scope.audited)


def delete(actor: Actor, scope: Scope, name: str) -> None:
    """Take a variable away; ``NotFound`` when there is none of this name."""
    with transaction.atomic():
        scopes.lock(scope)
        gone, _ = Variable.objects.filter(**scope.columns, name=names.key(name)).delete()
        if not gone:
            raise NotFound
        audit.write("variable.deleted", actor=actor, names=[names.key(name)], **scope.audited)


def _check_free(scope: Scope, name: str) -> None:
    if Variable.objects.filter(**scope.columns, name=name).exists():
        raise Conflict(f"Already exists - Variable already exists: {name}")


def _apply(scope: Scope, row: Variable, access: Access | None) -> None:
    """Save the row with its access."""
    moved: Any = Now()  # by the database's clock
    row.updated_at = moved
    if access:
        selection.check(scope, access)
        row.visibility = access.visibility
    row.save()
    if access:
        selection.apply(row, access)
