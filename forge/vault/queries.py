"""Reads for the API and the pages: names, times and, of variables, values. No secret's value is among them."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Q, QuerySet

from forge.errors import NotFound
from forge.repos.models import Repository
from forge.vault import names
from forge.vault.models import Secret, Variable, Visibility
from forge.vault.scopes import Scope

E = TypeVar("E", Secret, Variable)


def entries(model: type[E], scope: Scope) -> QuerySet[E]:
    """The secrets or variables of one scope, by name."""
    return _without_value(model).filter(**scope.columns).order_by("name")


def entry(model: type[E], scope: Scope, name: str) -> E:
    """One by its name in whatever case; ``NotFound`` when there is none."""
    found = entries(model, scope).filter(name=names.key(name)).select_related("organization").first()
    if found is None:
        raise NotFound
    return found


def shared_with(model: type[E], repository: Repository) -> QuerySet[E]:
    """What the owner of a repository shares with it, by name."""
    return _without_value(model).filter(reach(model, repository)).order_by("name")


def reach(model: type[Secret] | type[Variable], repository: Repository) -> Q:
    """The rows of its organisation that a repository may use."""
    selected = model.selected_repositories.through.objects.filter(repository_id=repository.pk)
    chosen = selected.values(f"{model.__name__.lower()}_id")
    visible = Q(visibility=Visibility.ALL) | Q(visibility=Visibility.SELECTED, pk__in=chosen)
    if repository.private:
        visible |= Q(visibility=Visibility.PRIVATE)
    return Q(organization_id=repository.owner_id) & visible


def _without_value(model: type[E]) -> QuerySet[E]:
    return model._default_manager.defer(*model.unshown)
