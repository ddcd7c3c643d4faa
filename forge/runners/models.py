"""Runner agents and the tokens that let them in."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.repos.models import Repository


class RunnerGroup(models.Model):
    """Runners of one owner that the same repositories may use. ``number`` is its id in the API; the default is 1."""

    class Visibility(models.TextChoices):
        """Which of the owner's repositories; public ones only where that is allowed besides."""

        ALL = "all"
        PRIVATE = "private"
        SELECTED = "selected"

    owner = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="runner_groups")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.ALL)
    allows_public_repositories = models.BooleanField(default=False)
    restricted_to_workflows = models.BooleanField(default=False)
    #: As they were given: owner/repository/path@ref. ``RunnerGroupWorkflow`` has them as jobs are held against them.
    selected_workflows = models.JSONField(default=list)
    selected_repositories = models.ManyToManyField(Repository, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "number"], name="runner_group_number"),
            models.UniqueConstraint(fields=["owner", "name_key"], name="runner_group_name"),
            models.CheckConstraint(
                condition=models.Q(visibility__in=["all", "private", "selected"]), name="runner_group_visibility"
            ),
        ]

    @property
    def is_default(self) -> bool:
        """Whether it is the one that takes whatever is in no other."""
        return self.number == 1


class RunnerGroupWorkflow(models.Model):
    """A workflow file at a ref or commit whose jobs a restricted group may run."""

    group = models.ForeignKey(RunnerGroup, on_delete=models.CASCADE, related_name="workflows")
    file = models.CharField(max_length=400)  # owner/repository/path; owner and repository in lower case
    ref = models.CharField(max_length=512)  # refs/heads/…, refs/tags/…, or a commit's sha

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "file", "ref"], name="runner_group_workflow")]


class Runner(models.Model):
    """An agent on a worker machine. Scope: one repository, one owner, or (neither) the whole site."""

    name = models.CharField(max_length=64)
    owner = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="runners")
    repository = models.ForeignKey(Repository, null=True, on_delete=models.CASCADE, related_name="runners")
    #: Of every runner of an owner, and of no other.
    group = models.ForeignKey(RunnerGroup, null=True, on_delete=models.RESTRICT, related_name="runners")
    labels = models.JSONField(default=list)  # in the spelling given; compared in lower case
    os = models.CharField(max_length=32, default="Linux")
    arch = models.CharField(max_length=32, default="X64")
    version = models.CharField(max_length=64, blank=True, default="")
    capacity = models.PositiveSmallIntegerField(default=1)
    ephemeral = models.BooleanField(default=False)
    #: How its job containers reach the server; empty: as the agent itself does.
    container_url = models.CharField(max_length=255, blank=True, default="")
    agent_url = models.CharField(max_length=255, blank=True, default="")
    credential_hash = models.CharField(max_length=64, unique=True)
    #: The credential that takes the place of the other with its first use; empty: none is announced.
    next_credential_hash = models.CharField(max_length=64, blank=True, default="")
    #: The process that polls now, and when it was last heard from.
    instance = models.CharField(max_length=64, blank=True, default="")
    last_seen_at = models.DateTimeField(null=True)
    #: When its held call broke off without another; null while it is there.
    left_at = models.DateTimeField(null=True)
    #: When somebody last changed what jobs it may take: its labels, its group, or what that is open to.
    changed_at = models.DateTimeField(null=True)
    draining = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(owner=None) | models.Q(repository=None), name="runner_one_scope"),
            models.CheckConstraint(
                condition=models.Q(owner=None, group=None) | models.Q(owner__isnull=False, group__isnull=False),
                name="runner_group_of_owner",
            ),
            models.UniqueConstraint(
                fields=["next_credential_hash"],
                condition=~models.Q(next_credential_hash=""),
                name="runner_next_credential",
            ),
        ]


class RegistrationToken(models.Model):
    """Lets agents register for one hour in one scope. Only its sha256 is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")
    repository = models.ForeignKey(Repository, null=True, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=8, default="register")  # register, remove
    created_by = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
