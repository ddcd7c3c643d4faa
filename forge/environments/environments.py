"""Environments of a repository: made, found, taken away."""

from __future__ import annotations

import re

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from forge.environments.models import Environment
from forge.errors import FieldError, Invalid, NotFound
from forge.repos.models import Repository

NAME_LENGTH = 255
#: What no name may hold: control characters, line ends, and halves of surrogate pairs.
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def of_repository(repository: Repository) -> QuerySet[Environment]:
    """All of them, by name."""
    return Environment.objects.filter(repository=repository).order_by("name_key")


def find(repository: Repository, name: str) -> Environment:
    """The environment with this name in whatever case; ``NotFound`` when there is none."""
    found = named(repository, name)
    if found is None:
        raise NotFound
    return found


def named(repository: Repository, name: str) -> Environment | None:
    """The same, with None for none."""
    if _REFUSED.search(name):
        return None  # no database could be asked for it
    found = Environment.objects.filter(repository=repository, name_key=name.lower()).first()
    if found is not None:
        found.repository = repository
    return found


def get_or_create(repository: Repository, name: str) -> Environment:
    """The environment that a job names, made where it does not exist. ``Invalid`` for what is no name."""
    check_name(name)
    found, _ = Environment.objects.get_or_create(repository=repository, name_key=name.lower(), defaults={"name": name})
    found.repository = repository
    return found


def put(repository: Repository, name: str) -> Environment:
    """As ``get_or_create`` for a person who saves it: ``updated_at`` moves."""
    with transaction.atomic():
        found = get_or_create(repository, name)
        Environment.objects.filter(pk=found.pk).update(updated_at=Now())
    found.refresh_from_db()
    found.repository = repository
    return found


def check_name(name: str) -> None:
    """GitHub's rule for the name of an environment: 1 to 255 characters; and none that nobody can see."""
    if not name.strip() or name != name.strip() or len(name) > NAME_LENGTH or _REFUSED.search(name):
        raise Invalid(
            f"{name[:80]!r} cannot be the name of an environment: give 1 to {NAME_LENGTH} characters, without control "
            "characters and without white space at either end",
            [FieldError("Environment", "name", "invalid")],
        )
