"""What a client does before it sends a secret: seal the value for the public key that it was given."""

from __future__ import annotations

import base64

from nacl.public import PublicKey, SealedBox

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.vault import intake, secrets, variables
from forge.vault.intake import Box
from forge.vault.scopes import Scope
from forge.vault.selection import Access
from tests import factories


def sealed(value: str | bytes, key: str) -> str:
    """Base64 of a sealed box for a public key in Base64."""
    data = value.encode() if isinstance(value, str) else value
    return base64.b64encode(SealedBox(PublicKey(base64.b64decode(key))).encrypt(data)).decode()


def box(scope: Scope, value: str | bytes) -> Box:
    """A box with this value for the scope's public key."""
    key_id, key = intake.public_key(scope)
    return Box(key_id, sealed(value, key))


def somebody(account: Account | None = None) -> Actor:
    """A person who asks."""
    return Actor.for_session(account or factories.account())


def secret(scope: Scope, name: str, value: str | bytes, access: Access | None = None) -> bool:
    """Set a secret as a person would; True when it is new."""
    return secrets.put(somebody(), scope, name, box(scope, value), access or _everywhere(scope))


def variable(scope: Scope, name: str, value: str, access: Access | None = None) -> None:
    """Create a variable as a person would."""
    variables.create(somebody(), scope, name, value, access or _everywhere(scope))


def _everywhere(scope: Scope) -> Access | None:
    return Access("all") if scope.kind == "organization" else None
