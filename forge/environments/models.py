"""Where a repository deploys to."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forge.repos.models import Repository


class Environment(models.Model):
    """A named place to deploy to. Names are unique in their repository without regard to case."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="environments", db_index=False)
    name = models.CharField(max_length=255)  # in the spelling of whoever named it first
    name_key = models.CharField(max_length=510)  # one letter has two in lower case
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "name_key"], name="environment_once")]

    def __str__(self) -> str:
        return self.name
