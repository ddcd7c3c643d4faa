"""Where a repository deploys to."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.repos.models import Repository


class Environment(models.Model):
    """A named place to deploy to. Names are unique in their repository without regard to case."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="environments", db_index=False)
    name = models.CharField(max_length=255)  # in the spelling of whoever named it first
    name_key = models.CharField(max_length=510)  # one letter has two in lower case
    #: Minutes that a job waits before it deploys.
    wait_timer = models.PositiveIntegerField(default=0)
    #: Whoever started the run may not approve it.
    prevent_self_review = models.BooleanField(default=False)
    #: Administrators of the repository may let a job go on in spite of the rules, for a reason that is kept.
    can_admins_bypass = models.BooleanField(default=False)
    #: From which refs may be deployed; neither: from every one.
    protected_branches = models.BooleanField(default=False)
    custom_branch_policies = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "name_key"], name="environment_once"),
            models.CheckConstraint(
                condition=~models.Q(protected_branches=True, custom_branch_policies=True),
                name="environment_one_branch_policy",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Reviewer(models.Model):
    """Who may approve what deploys to an environment; one of them is enough."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="reviewers", db_index=False)
    user = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "user"], name="reviewer_once")]
        ordering = ["id"]


class BranchPolicy(models.Model):
    """A pattern of branches or tags from which may be deployed to an environment."""

    class Kind(models.TextChoices):
        """GitHub's words."""

        BRANCH = "branch"
        TAG = "tag"

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="branch_policies", db_index=False
    )
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.BRANCH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "kind", "name"], name="branch_policy_once")]
        ordering = ["id"]


class ProtectionRule(models.Model):
    """An integration that must approve what deploys to an environment. Taking it away deletes the row."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="protection_rules", db_index=False
    )
    integration = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "integration"], name="protection_rule_once")]
        ordering = ["id"]
