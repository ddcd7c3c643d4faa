"""What jobs leave behind: artifacts of a run, and caches of a repository.

A row whose run or repository is gone is taken away with its bytes by the sweep (``keeping``): until then it belongs
to nobody, and no list has it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.actions.models import Job, Run, RunAttempt
from forge.repos.models import Repository


class Artifact(models.Model):
    """A zip that a job has uploaded. Of one attempt a name stands once."""

    repository = models.ForeignKey(Repository, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="artifacts", db_index=False)
    attempt = models.ForeignKey(RunAttempt, null=True, on_delete=models.SET_NULL, related_name="+")
    #: Who uploaded it: it is carried over with the job's result.
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()  # bytes as stored
    digest = models.CharField(max_length=80, blank=True, default="")  # sha256:…
    storage_key = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    #: Its bytes are gone; the row stays, and says so.
    expired = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "name"], condition=Q(run__isnull=False), name="artifact_name_of_attempt"
            ),
        ]
        indexes = [
            models.Index(fields=["repository", "-id"], name="artifact_newest"),
            models.Index(fields=["repository", "name", "-id"], name="artifact_by_name"),
            models.Index(fields=["run", "-id"], name="artifact_of_run"),
            models.Index(fields=["expires_at"], condition=Q(expired=False), name="artifact_expiry"),
            models.Index(fields=["id"], condition=Q(run=None), name="artifact_left_behind"),
        ]

    def __str__(self) -> str:
        return self.name


class Cache(models.Model):
    """Files that jobs of a ref keep for later ones, under a key and a version (what it was made of)."""

    repository = models.ForeignKey(
        Repository, null=True, on_delete=models.SET_NULL, related_name="caches", db_index=False
    )
    ref = models.CharField(max_length=512)  # refs/heads/main
    key = models.CharField(max_length=512)
    version = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()  # bytes as stored
    storage_key = models.CharField(max_length=255)
    created_at = models.DateTimeField(db_default=Now())
    last_accessed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "key", "ref", "version"], name="cache_once"),
        ]
        indexes = [
            models.Index(fields=["repository", "last_accessed_at"], name="cache_last_used"),
            models.Index(fields=["repository", "created_at"], name="cache_newest"),
            models.Index(fields=["repository", "size"], name="cache_size"),
            models.Index(fields=["last_accessed_at"], name="cache_unused"),
        ]

    def __str__(self) -> str:
        return self.key
