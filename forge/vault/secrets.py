"""What people do with secrets: set, delete. Nobody reads one back; only a job gets it (``vault.visible``)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.errors import FieldError, Invalid, NotFound
from forge.vault import intake, names, scopes, sealing, selection
from forge.vault.intake import Box
from forge.vault.models import Secret
from forge.vault.scopes import Scope
from forge.vault.selection import Access


def put(actor: Actor, scope: Scope, name: str, box: Box | None, access: Access | None = None) -> bool:
    """Set a secret; True when it is new. ``Invalid`` for what is wrong with name, box, access or number.

    An organisation's needs ``access``; its box may be left out to change the access alone.
    """
    name = names.check("Secret", name)
    value = intake.open_box(scope, box) if box else None
    with transaction.atomic():
        scopes.lock(scope)
        row = Secret.objects.filter(**scope.columns, name=name).first()
        created = row is None
        row = row or _new(scope, name)
        if access:
            selection.check(scope, access)
            row.visibility = access.visibility
        if created and value is None:
            field = FieldError("Secret", "encrypted_value", "missing_field")
            raise Invalid("A new secret needs encrypted_value and key_id", [field])
        _save(row, scope, value)
        if access:
            selection.apply(row, access)
        details = {**selection.described(access), "value": value is not None}
        action = "secret.created" if created else "secret.updated"
        audit.write(action, actor=actor, names=[name], details=details, **scope.audited)
    return created


def delete(actor: Actor, scope: Scope, name: str) -> None:
    """Take a secret away; ``NotFound`` when there is none of this name."""
    with transaction.atomic():
        scopes.lock(scope)
        gone, _ = Secret.objects.filter(**scope.columns, name=names.key(name)).delete()
        if not gone:
            raise NotFound
        audit.write("secret.deleted", actor=actor, names=[names.key(name)], **scope.audited)


def _new(scope: Scope, name: str) -> Secret:
    names.check_room("Secret", scope, Secret.objects.filter(**scope.columns).count(), names.SECRETS)
    return Secret(**scope.columns, name=name)


def _save(row: Secret, scope: Scope, value: str | None) -> None:
    """Write the row; without a value its ciphertext stays out of it, since a rotation may be changing that."""
    moved: Any = Now()  # by the database's clock
    row.updated_at = moved
    if value is None:
        row.save(update_fields=["visibility", "updated_at"])
    else:
        row.key_id, row.sealed = sealing.seal(value, scope, row.name)
        row.save()
