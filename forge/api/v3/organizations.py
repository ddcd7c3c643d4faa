"""Whoever asks for what is an organisation's own."""

from __future__ import annotations

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind, Membership
from forge.errors import Forbidden, NotFound

SCOPE = "admin:org"


def owned(actor: Actor, login: str) -> Account:
    """The organisation, if the actor is one of its owners and its credential may administer organisations."""
    found = users.find(login)
    if found.kind != Kind.ORGANIZATION:
        raise NotFound
    account = actor.account
    owners = Membership.objects.filter(organization=found, role=Membership.Role.OWNER)
    if account is None or not (account.is_site_admin or owners.filter(user=account).exists()):
        raise Forbidden("You must be an owner of this organization")
    if not actor.allows(SCOPE) or actor.only_repository_id is not None:
        raise Forbidden(f"This token lacks the scope {SCOPE}", [SCOPE])
    return found
