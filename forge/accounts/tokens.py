"""Personal access tokens: made, resolved, revoked. Only their sha256 is ever stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from forge.accounts.actor import Actor
from forge.accounts.models import AccessToken, Account
from forge.accounts.scopes import KNOWN
from forge.errors import FieldError, Invalid

PREFIX = "shp_"
#: ``last_used_at`` is for people; it is not worth a write a request.
_USED_EVERY = timedelta(minutes=1)


def digest(text: str) -> str:
    """The sha256 of a token's text, hexadecimal: what the database knows of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def create(
    account: Account,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime | None = None,
    repository_id: int | None = None,
) -> tuple[AccessToken, str]:
    """A new token and its text, which is shown this once. ``Invalid`` for an unknown scope or no name."""
    wanted = sorted(set(scopes))
    if unknown := [scope for scope in wanted if scope not in KNOWN]:
        known = ", ".join(sorted(KNOWN))
        raise Invalid(
            f"Unknown scope {', '.join(unknown)}; known are {known}",
            [FieldError("Token", "scopes", "invalid")],
        )
    if not name.strip():
        raise Invalid("Give the token a name", [FieldError("Token", "name", "missing_field")])
    text = PREFIX + secrets.token_urlsafe(30)
    token = AccessToken.objects.create(
        account=account,
        name=name.strip()[:255],
        token_hash=digest(text),
        last_eight=text[-8:],
        scopes=wanted,
        expires_at=expires_at,
        repository_id=repository_id,
    )
    return token, text


def resolve(text: str) -> Actor | None:
    """Who holds this token; None when it is unknown, expired, revoked, or its account is closed."""
    if not text.startswith(PREFIX):
        return None
    now = timezone.now()
    token = (
        AccessToken.objects.select_related("account")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now), token_hash=digest(text), revoked_at=None)
        .first()
    )
    if token is None or not token.account.is_active:
        return None
    if token.last_used_at is None or now - token.last_used_at > _USED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return Actor(
        kind="token",
        account=token.account,
        scopes=frozenset(token.scopes),
        only_repository_id=token.repository_id,
        token_id=f"token:{token.pk}",
    )


def revoke(token: AccessToken) -> None:
    """End a token at once; doing it twice changes nothing."""
    AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
