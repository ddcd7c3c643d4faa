"""The types User and Organization, and the repositories of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from forge.accounts.models import Account, Kind, Membership
from forge.api.graphql.asker import Asker
from forge.api.graphql.connections import Connection, Paging, Sort
from forge.api.graphql.repository import RepositoryNode
from forge.repos import access, affiliations
from forge.repos.affiliations import Affiliation
from forge.repos.models import Repository
from forge.repos.shapes import node_id, simple_user

#: No repository has a star, an archive or a fork of another: these orders and filters say so.
_ORDERS: dict[str, str | Combinable] = {
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "PUSHED_AT": Coalesce("pushed_at", "created_at"),
    "NAME": "name_key",
    "STARGAZERS": "pk",
}
_ABSENT = ("is_fork", "is_archived", "is_locked")


class Repositories(Connection[Repository]):
    """A list of repositories."""

    total_disk_usage = 0

    @property
    def repository_count(self) -> int:
        """The count, as a search calls it."""
        return self.total_count

    issue_count = user_count = 0


class Owner:
    """What users and organisations have in common. ``name`` is what a person is called, None when it is not said."""

    type_name = "User"

    def __init__(self, account: Account, asker: Asker) -> None:
        self.account, self._asker = account, asker
        self.id, self.database_id = node_id(account.kind, account.pk), account.pk
        self.login, self.name = account.login, account.name or None
        self.created_at, self.updated_at = account.created_at, account.updated_at
        self._shape = simple_user(account, asker.base)
        self.url = self._shape["html_url"]
        self.resource_path = self.url.removeprefix(asker.base)

    def avatar_url(self, size: int | None = None) -> str:
        """The picture; there is one size."""
        return str(self._shape["avatar_url"])

    def repository(self, name: str, follow_renames: bool = True) -> RepositoryNode:
        """One of its own by name."""
        return RepositoryNode(self._asker.repository(self.account.login, name), self._asker)

    def repositories(
        self,
        privacy: str | None = None,
        visibility: str | None = None,
        order_by: dict[str, str] | None = None,
        affiliations: list[str] | None = None,
        owner_affiliations: list[str] | None = None,
        **more: Any,
    ) -> Repositories:
        """Those to which it belongs as ``owner_affiliations`` say, as far as the asker may read them and belongs to
        them as ``affiliations`` say."""
        absent = any(more.pop(name, None) for name in _ABSENT)
        rows = self._belonging(affiliations, owner_affiliations)
        for word in filter(None, (privacy, visibility)):
            rows = rows.filter(private=word != "PUBLIC")
        order = order_by or {"field": "STARGAZERS", "direction": "ASC"}
        sort = Sort(_ORDERS[order["field"]], order["direction"] == "DESC")
        return repositories(rows.none() if absent else rows, Paging("repositories", **more), self._asker, sort)

    def _belonging(self, of_asker: list[str] | None, of_owner: list[str] | None) -> Any:
        words = [Affiliation(word) for word in of_owner or ("OWNER", "COLLABORATOR") if word]
        if self.account.kind == Kind.ORGANIZATION:
            words = [Affiliation.OWNER]
        rows = access.visible(self._asker.actor).filter(affiliations.of(self.account, words))
        if of_asker is None:
            return rows
        asking = self._asker.actor.account
        wanted = [Affiliation(word) for word in of_asker if word]
        return rows.filter(affiliations.of(asking, wanted)) if asking is not None else rows.none()


class UserNode(Owner):
    """A person, or the account of all jobs."""

    @property
    def email(self) -> str:
        """What the person shows to everybody; empty when that is nothing."""
        return self.account.public_email

    @property
    def is_viewer(self) -> bool:
        """True for oneself."""
        return self._asker.is_oneself(self.account)

    @property
    def is_site_admin(self) -> bool:
        """True for administrators of the whole site."""
        return self.account.is_site_admin

    def organizations(self, **more: Any) -> Connection[Account]:
        """Those that one is a member of; of others one sees those that one is a member of too."""
        its = Membership.objects.filter(user=self.account).values("organization")
        self._asker.need_scope("read:org", "organizations")
        rows = Account.objects.filter(pk__in=its, is_active=True)
        if not (self.is_viewer or self._asker.account.is_site_admin):
            rows = rows.filter(pk__in=list(self._asker.roles))
        return Connection(rows, Paging("organizations", **more), self._organizations, Sort("login_key"))

    def _organizations(self, rows: Sequence[Account]) -> list[OrganizationNode]:
        return [OrganizationNode(row, self._asker) for row in rows]


class OrganizationNode(Owner):
    """An organisation."""

    type_name = "Organization"

    @property
    def description(self) -> str | None:
        """What it says about itself."""
        return self.account.about or None

    @property
    def email(self) -> str | None:
        """What it shows to everybody."""
        return self.account.public_email or None

    @property
    def viewer_can_administer(self) -> bool:
        """True for its owners, and for administrators of the whole site."""
        account = self._asker.actor.account
        return self._role == Membership.Role.OWNER or (account is not None and account.is_site_admin)

    @property
    def viewer_is_a_member(self) -> bool:
        """True for members and owners."""
        return self._role is not None

    @property
    def _role(self) -> str | None:
        return self._asker.roles.get(self.account.pk)


def owner_node(account: Account, asker: Asker) -> Owner:
    """The account in the type that it has."""
    return OrganizationNode(account, asker) if account.kind == Kind.ORGANIZATION else UserNode(account, asker)


def repositories(rows: Any, paging: Paging, asker: Asker, sort: Sort | None = None) -> Repositories:
    """A list of these repositories."""

    def show(found: Sequence[Repository]) -> list[RepositoryNode]:
        asker.meet(found)
        return [RepositoryNode(row, asker) for row in found]

    return Repositories(rows, paging, show, sort)
