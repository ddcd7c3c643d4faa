"""Whose secrets and variables a call is about, and who may make it: the same views serve all three scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from forge.api.v3 import organizations
from forge.api.v3.base import ApiView, text
from forge.environments import environments
from forge.environments.models import Environment
from forge.errors import FieldError, Invalid
from forge.repos.models import Right
from forge.vault.scopes import Scope
from forge.vault.selection import Access


class VaultView(ApiView):
    """Base of the views. ``operation_ids`` names each method in the description of the API.

    What they declare to need are permissions of apps, which no ``permissions:`` of a workflow can give: a job
    does not handle secrets and variables by itself.
    """

    operation_ids: ClassVar[Mapping[str, str]] = {}

    def scope(self, right: Right = Right.WRITE) -> Scope:
        """Whose they are, if the actor has this right there."""
        return Scope.of_repository(self.repository(right))

    def access(self, data: dict[str, Any], *, required: bool) -> Access | None:
        """Visibility and selection that a body gives; only of an organisation's."""
        return None


class OfRepository(VaultView):
    """Below ``/repos/{owner}/{repo}/actions``."""


class OfEnvironment(VaultView):
    """Below ``/repos/{owner}/{repo}/environments/{environment_name}``."""

    permission = "environments"

    def scope(self, right: Right = Right.WRITE) -> Scope:
        """The environment of the URL."""
        return Scope.of_environment(self.environment(right))

    def environment(self, right: Right) -> Environment:
        """The row."""
        return environments.find(self.repository(right), self.kwargs["environment_name"])


class OfOrganization(VaultView):
    """Below ``/orgs/{org}/actions``: for its owners alone, whatever is asked."""

    def scope(self, right: Right = Right.WRITE) -> Scope:
        """The organisation of the URL."""
        return Scope.of_organization(organizations.owned(self.actor, self.kwargs["org"]))

    def access(self, data: dict[str, Any], *, required: bool) -> Access | None:
        """Visibility and selection; 422 where a new one comes without."""
        visibility, chosen = text(data, "visibility"), numbers(data, "selected_repository_ids")
        if visibility is not None:
            return Access(visibility, chosen)
        if required:
            raise Invalid("Validation Failed", [FieldError("Request", "visibility", "missing_field")])
        return None if chosen is None else Access("", chosen)


def numbers(data: dict[str, Any], name: str, *, required: bool = False) -> list[int] | None:
    """A list of ids in a body, None when absent or null; ids may come as text. 422 for anything else."""
    given = data.get(name)
    if given is None and not required:
        return None
    if isinstance(given, list) and all(_is_id(one) for one in given):
        return [int(one) for one in given]
    raise Invalid("Validation Failed", [FieldError("Request", name, "invalid", f"{name} must be a list of ids")])


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) < 19
    return isinstance(value, int) and not isinstance(value, bool)
