"""The types Query and Mutation: where every query begins."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forge.accounts import users
from forge.accounts.models import Account, Kind
from forge.api.graphql.asker import Asker
from forge.api.graphql.connections import Paging, Sort
from forge.api.graphql.owners import OrganizationNode, Owner, Repositories, UserNode, owner_node, repositories
from forge.api.graphql.repository import RepositoryNode
from forge.errors import Forbidden, Invalid, NotFound
from forge.repos import repositories as verbs
from forge.repos import search as searching
from forge.repos.shapes import node_id


@dataclass(frozen=True)
class RateLimit:
    """Where the asker stands in this hour; a query costs one request."""

    limit: int
    remaining: int
    used: int
    reset_at: datetime
    cost: int = 1
    node_count: int = 0


@dataclass(frozen=True)
class Created:
    """What came of ``createRepository``."""

    repository: RepositoryNode
    client_mutation_id: str | None


class Root:
    """The value from which every operation starts."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    @property
    def viewer(self) -> UserNode:
        """Whoever asks."""
        return UserNode(self._asker.account, self._asker)

    def rate_limit(self, dry_run: bool = False) -> RateLimit | None:
        """How much may still be asked; None where nothing is counted."""
        rate = self._asker.rate
        if rate is None:
            return None
        return RateLimit(
            rate.limit, rate.remaining, min(rate.used, rate.limit), datetime.fromtimestamp(rate.reset, UTC)
        )

    def repository(self, owner: str, name: str, follow_renames: bool = True) -> RepositoryNode:
        """One repository by name."""
        return RepositoryNode(self._asker.repository(owner, name), self._asker)

    def repository_owner(self, login: str) -> Owner | None:
        """A user or an organisation; None when there is none."""
        try:
            return owner_node(users.find(login), self._asker)
        except NotFound:
            return None

    def user(self, login: str) -> UserNode:
        """One user."""
        return UserNode(_account(login, "User"), self._asker)

    def organization(self, login: str) -> OrganizationNode:
        """One organisation."""
        return OrganizationNode(_account(login, "Organization"), self._asker)

    def search(self, query: str, type: str, **more: Any) -> Repositories:
        """Repositories by words and qualifiers."""
        wanted = searching.read(query)
        found = searching.repositories(self._asker.actor, wanted)
        order = Sort(wanted.order.removeprefix("-"), wanted.order.startswith("-"))
        return repositories(found, Paging("search", **more), self._asker, order)

    def create_repository(self, input: dict[str, Any]) -> Created:
        """A new repository, by the same rules as with REST."""
        owner = self._asker.actor.account
        if owner is None:
            raise Forbidden("You must sign in to create a repository")
        if input.get("owner_id"):
            owner = _owner(input["owner_id"])
        if input.get("team_id") or input.get("template"):
            raise Invalid("Neither teams nor templates of repositories exist here.")
        made = verbs.create(
            self._asker.actor,
            owner.login,
            input["name"],
            private=input["visibility"] != "PUBLIC",
            description=input.get("description") or "",
        )
        made.owner = owner
        return Created(RepositoryNode(made, self._asker), input.get("client_mutation_id"))


def _account(login: str, kind: str) -> Account:
    try:
        found = users.find(login)
    except NotFound:
        found = None
    if found is None or (found.kind == Kind.ORGANIZATION) != (kind == "Organization"):
        article = "an" if kind == "Organization" else "a"
        raise NotFound(f"Could not resolve to {article} {kind} with the login of '{login}'.")
    return found


def _owner(given: str) -> Account:
    """The account of a node id."""
    try:
        kind, _, number = base64.b64decode(given, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        kind = number = ""
    if kind in Kind.values and number.isdigit() and len(number) <= 18:
        found = Account.objects.filter(pk=int(number), kind=kind, is_active=True).first()
        if found is not None and node_id(found.kind, found.pk) == given:
            return found
    raise NotFound(f"Could not resolve to a node with the global id of '{given[:100]}'")
