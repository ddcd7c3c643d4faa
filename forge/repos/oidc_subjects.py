"""What the subject of an OIDC token is made of: claims, chosen by a repository, proposed by its organisation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import FieldError, Invalid, NotFound
from forge.repos import policies
from forge.repos.policies import Scope

MOST_KEYS = 50
_KEY = re.compile(r"[A-Za-z0-9_]{1,100}")


def choose(actor: Actor, scope: Scope, keys: Sequence[str] | None, *, default: bool) -> None:
    """The claims whose values make up the subject, in order. ``Invalid`` for none, or for what is no claim's name."""
    given = list(keys or [])
    wrong = [key for key in given if not _KEY.fullmatch(key)]
    if wrong or len(given) > MOST_KEYS or (not given and not default):
        words = f"include_claim_keys takes 1 to {MOST_KEYS} names of letters, digits and _"
        raise Invalid(words, [FieldError("OIDC", "include_claim_keys", "invalid", words)])
    policies.change(actor, scope, {"oidc_default": default, "oidc_claim_keys": [] if default else given})


def template(organization: Account) -> list[str]:
    """What an organisation proposes; ``NotFound`` when it proposes nothing."""
    row = policies.of(organization)
    if row.oidc_default:
        raise NotFound
    return list(row.oidc_claim_keys)
