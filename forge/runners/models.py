"""Runner agents and the tokens that let them in."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.repos.models import Repository


class Runner(models.Model):
    """An agent on a worker machine. Scope: one repository, one owner, or (neither) the whole site."""

    name = models.CharField(max_length=64)
    owner = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="runners")
    repository = models.ForeignKey(Repository, null=True, on_delete=models.CASCADE, related_name="runners")
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
    draining = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(owner=None) | models.Q(repository=None), name="runner_one_scope"),
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
