"""Tokens of feed addresses: one for each user and repository, only their sha256 stored.

Such a token is no access token: it is resolved here and nowhere else, so it opens no other door.
"""

from __future__ import annotations

import hashlib
import secrets

from django.utils import timezone

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.repos.models import FeedToken, Repository

PREFIX = "shf_"


def renew(user: Account, repository: Repository) -> str:
    """A new token, shown this once; the one that the user had for this repository ends."""
    text = PREFIX + secrets.token_urlsafe(30)
    values = {"token_hash": _digest(text), "created_at": timezone.now()}
    FeedToken.objects.update_or_create(user=user, repository=repository, defaults=values)
    return text


def revoke(user: Account, repository: Repository) -> bool:
    """End the user's token for this repository; False when there was none."""
    return bool(FeedToken.objects.filter(user=user, repository=repository).delete()[0])


def resolve(text: str) -> Actor | None:
    """Who reads with this token: the user, held to reading that one repository. None when it is unknown.

    What the user may read today is for ``repos.access`` to say, at every use.
    """
    if not text.startswith(PREFIX):
        return None
    token = FeedToken.objects.select_related("user").filter(token_hash=_digest(text)).first()
    if token is None or not token.user.is_active:
        return None
    return Actor(
        kind="token",
        account=token.user,
        scopes=frozenset({"repo:read"}),
        only_repository_id=token.repository_id,
        token_id=f"feed:{token.pk}",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
