"""Who sent a query, and what has been looked up for it already: rows are asked for many at a time.

The executor goes depth first, one value after the other. So rows are announced when they are met (``expect``,
``show``), and what one of them needs is then looked up for all that are announced.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Membership
from forge.api.throttling import Rate
from forge.errors import Forbidden, NotFound
from forge.repos import access
from forge.repos.models import Repository, Right

Name = tuple[str, str]


class Asker:
    """The context of one query. ``base`` is scheme and host of the addresses in the answer."""

    def __init__(self, actor: Actor, base: str, rate: Rate | None = None) -> None:
        self.actor, self.base, self.rate = actor, base, rate
        self._expected: set[Name] = set()
        self._named: dict[Name, Repository | None] = {}
        self._unknown: dict[int, Repository] = {}
        self._rights: dict[int, Right] = {}

    @property
    def account(self) -> Account:
        """The account that asks; of a job the one that all jobs act as."""
        account = users.author(self.actor)
        if account is None:
            raise Forbidden("This needs a credential")
        return account

    @cached_property
    def roles(self) -> dict[int, str]:
        """What the account that asks is in organisations, by their ids."""
        rows = Membership.objects.filter(user=self.actor.account) if self.actor.account else Membership.objects.none()
        return dict(rows.values_list("organization_id", "role"))

    def is_oneself(self, account: Account) -> bool:
        """True for the person (no job) that asks."""
        return self.actor.account is not None and self.actor.account.pk == account.pk

    def need_scope(self, scope: str, field: str) -> None:
        """``Forbidden`` unless the credential covers the scope."""
        if not self.actor.allows(scope):
            raise Forbidden(f"This token lacks the scope {scope}, which '{field}' needs", [scope])

    def expect(self, names: Iterable[Name]) -> None:
        """These repositories (owner, name) will be asked for."""
        self._expected.update(names)

    def repository(self, owner: str, name: str) -> Repository:
        """The repository of this name; ``NotFound`` when the asker may not read it."""
        if (owner, name) not in self._named:
            wanted = self._expected | {(owner, name)}
            there = access.readable(self.actor, wanted)
            self._named |= {one: there.get(one) for one in wanted}
            self._expected.clear()
        found = self._named[owner, name]
        if found is None:
            raise NotFound(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        self.meet([found])
        return found

    def meet(self, rows: Iterable[Repository]) -> None:
        """The rights in these rows may be asked for."""
        self._unknown |= {row.pk: row for row in rows if row.pk not in self._rights}

    def right(self, row: Repository) -> Right:
        """What the asker may do in this repository."""
        if row.pk not in self._rights:
            self.meet([row])
            self._rights |= access.rights_of(self.actor, self._unknown.values())
            self._unknown.clear()
        return self._rights[row.pk]
