"""Whose a secret or variable is: an organisation's, a repository's or an environment's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from forge.accounts.models import Account
from forge.environments.models import Environment
from forge.errors import NotFound
from forge.repos.models import Repository

Kind = Literal["organization", "repository", "environment"]


@dataclass(frozen=True)
class Scope:
    """Exactly one of the three. A repository comes with its owner, an environment with its repository."""

    kind: Kind
    holder: Account | Repository | Environment

    @classmethod
    def of_organization(cls, organization: Account) -> Scope:
        """What an organisation shares with its repositories."""
        return cls("organization", organization)

    @classmethod
    def of_repository(cls, repository: Repository) -> Scope:
        """What one repository has."""
        return cls("repository", repository)

    @classmethod
    def of_environment(cls, environment: Environment) -> Scope:
        """What jobs of one environment get."""
        return cls("environment", environment)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a row of this scope, to filter by and to create with."""
        return {f"{self.kind}_id": self.holder.pk}

    @property
    def bound(self) -> str:
        """What ciphertexts of this scope are bound to; of no other scope, ever."""
        return f"{self.kind}:{self.holder.pk}"

    @property
    def title(self) -> str:
        """For people: ``the repository octo/hello``."""
        if isinstance(self.holder, Environment):
            return f"the environment {self.holder.name} of {self.holder.repository.full_name}"
        name = self.holder.login if isinstance(self.holder, Account) else self.holder.full_name
        return f"the {self.kind} {name}"

    @property
    def audited(self) -> dict[str, Any]:
        """What an audit entry says of it."""
        if isinstance(self.holder, Account):
            return {"owner_id": self.holder.pk, "scope": self.title}
        if isinstance(self.holder, Repository):
            return {"owner_id": self.holder.owner_id, "repository_id": self.holder.pk, "scope": self.title}
        repository = self.holder.repository
        found = {"owner_id": repository.owner_id, "repository_id": repository.pk, "scope": self.title}
        return {**found, "environment": self.holder.name}


def of_row(row: Any) -> Scope:
    """The scope of a secret or variable (fetched with what it belongs to)."""
    for kind in ("organization", "repository", "environment"):
        if getattr(row, f"{kind}_id") is not None:
            return Scope(kind, getattr(row, kind))
    raise AssertionError("a constraint of the database gives every row one scope")


def lock(scope: Scope) -> None:
    """Hold the row of whoever has the scope to the end of the transaction: its entries are counted, made,
    changed and deleted one after another. ``NotFound`` when it is gone."""
    model: Any = type(scope.holder)
    if not list(model.objects.select_for_update(no_key=True).filter(pk=scope.holder.pk).values_list("pk")):
        raise NotFound
