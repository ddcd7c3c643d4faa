"""What a person keeps at hand of a repository's workflows and runs; nobody else sees it."""

from __future__ import annotations

from django.db import models

from forge.accounts.models import Account
from forge.actions.models.events import Workflow
from forge.repos.models import Repository


class PinnedWorkflow(models.Model):
    """A workflow that stands first in a person's lists."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "workflow"], name="pinned_once")]


class SavedFilter(models.Model):
    """A query of a repository's list of runs under a name; one's names differ by more than their case."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=50)
    name_key = models.CharField(max_length=150)  # in one case, which may take more letters
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "repository", "name_key"], name="filter_name")]
