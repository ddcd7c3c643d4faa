"""An environment goes, with what it keeps in the vault."""

from __future__ import annotations

from django.db import transaction

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.environments.models import Environment
from forge.vault import scopes
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope


def environment(actor: Actor, environment: Environment) -> None:
    """Delete an environment (with its repository and owner) and its secrets and variables, each of them audited."""
    scope = Scope.of_environment(environment)
    with transaction.atomic():
        scopes.lock(scope)
        for model, word in ((Secret, "secret"), (Variable, "variable")):
            gone = list(model.objects.filter(**scope.columns).order_by("name").values_list("name", flat=True))
            if gone:
                audit.write(f"{word}.deleted", actor=actor, names=gone, **scope.audited)
        audit.write("environment.deleted", actor=actor, names=[environment.name], **scope.audited)
        Environment.objects.filter(pk=environment.pk).delete()
