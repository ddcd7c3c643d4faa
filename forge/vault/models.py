"""Secrets and variables of organisations, repositories and environments."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.environments.models import Environment
from forge.repos.models import Repository


class Visibility(models.TextChoices):
    """Which repositories of an organisation may use something of it; GitHub's words."""

    ALL = "all"
    PRIVATE = "private"
    SELECTED = "selected"


_ORGANIZATION = Q(organization__isnull=False, repository=None, environment=None, visibility__in=Visibility.values)
_REPOSITORY = Q(organization=None, repository__isnull=False, environment=None, visibility="")
_ENVIRONMENT = Q(organization=None, repository=None, environment__isnull=False, visibility="")


class Entry(models.Model):
    """What secrets and variables have in common: a name, unique in exactly one scope."""

    # The unique constraints are the indexes of these keys.
    organization = models.ForeignKey(
        Account, null=True, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False
    )
    repository = models.ForeignKey(
        Repository, null=True, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False
    )
    environment = models.ForeignKey(
        Environment, null=True, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False
    )
    name = models.CharField(max_length=255)  # upper case
    #: Of an organisation's only.
    visibility = models.CharField(max_length=8, choices=Visibility.choices, blank=True, default="")
    selected_repositories = models.ManyToManyField(Repository, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    #: What lists leave in the database.
    unshown: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=_ORGANIZATION | _REPOSITORY | _ENVIRONMENT, name="%(class)s_one_scope"),
            models.UniqueConstraint(fields=["organization", "name"], name="%(class)s_of_organization"),
            models.UniqueConstraint(fields=["repository", "name"], name="%(class)s_of_repository"),
            models.UniqueConstraint(fields=["environment", "name"], name="%(class)s_of_environment"),
        ]

    def __str__(self) -> str:
        return self.name


class Secret(Entry):
    """A value that only jobs get to see. ``sealed`` is encrypted under the key ``key_id``, which is kept
    elsewhere, and bound to scope and name: in another row it opens nothing."""

    sealed = models.BinaryField()
    key_id = models.CharField(max_length=64)

    unshown = ("sealed",)

    class Meta(Entry.Meta):
        indexes = [models.Index(fields=["key_id"], name="secret_key_id")]


class Variable(Entry):
    """A value for ``vars``, no secret."""

    value = models.TextField(blank=True)
