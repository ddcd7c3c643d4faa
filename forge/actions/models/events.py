"""Workflow files, what starts their runs, and when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.repos.models import Repository


class Workflow(models.Model):
    """A workflow file of a repository. The row stays when the file goes (``state: deleted``)."""

    class State(models.TextChoices):
        """GitHub's words."""

        ACTIVE = "active"
        DELETED = "deleted"
        DISABLED_MANUALLY = "disabled_manually"

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="workflows")
    path = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=20, choices=State.choices, default=State.ACTIVE)
    #: Counter of run_number; moved under the row's lock.
    last_run_number = models.PositiveBigIntegerField(default=0)
    run_count = models.PositiveBigIntegerField(default=0)
    #: What its file on the default branch says of workflow_run: [{"workflows", "types", "branches", "ignore"}];
    #: null where it says nothing. So a run that starts or ends knows whether anybody wants to hear of it.
    follows = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "path"], name="workflow_path")]
        indexes = [
            models.Index(fields=["repository"], condition=Q(follows__isnull=False), name="workflow_follower"),
        ]


class Schedule(models.Model):
    """One cron line of a workflow's file on the default branch, and when it is due next."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="schedules")
    cron = models.CharField(max_length=1024)
    zone = models.CharField(max_length=100)  # an IANA name
    #: Null: never again (a day that no year has).
    next_due = models.DateTimeField(null=True)
    #: sha256 of the file, to see when it changes.
    file_sha256 = models.CharField(max_length=64)
    #: Who last changed the file, in whose name the runs go.
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "cron", "zone"], name="schedule_line")]
        indexes = [models.Index(fields=["next_due"], condition=Q(next_due__isnull=False), name="schedule_due")]


class WorkflowSource(models.Model):
    """The text of a workflow file, once for all runs that used it."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()


class Event(models.Model):
    """Something that can start runs: the outbox. Written in the transaction of what caused it."""

    class State(models.TextChoices):
        """Where its expansion stands."""

        PENDING = "pending"
        EXPANDED = "expanded"
        FAILED = "failed"

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="events")
    name = models.CharField(max_length=40)  # push, workflow_dispatch
    #: Makes writing it twice harmless: push:<push id>:<ref>, create:…, delete:…, dispatch:<uuid>, rerun:<uuid>,
    #: workflow_run:<action>:<attempt id>, schedule:<schedule id>:<due time>.
    key = models.CharField(max_length=600)
    ref = models.CharField(max_length=512)
    before = models.CharField(max_length=64, blank=True, default="")
    #: Empty until it is expanded, where the ref's head of that moment is meant.
    sha = models.CharField(max_length=64, blank=True, default="")
    #: Number of this event along its ref; only a newer one cancels an older.
    ref_sequence = models.PositiveBigIntegerField(default=0)
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    payload = models.JSONField(default=dict)
    #: The one workflow file meant (dispatch, re-run, schedule); empty: every file that matches.
    workflow_path = models.CharField(max_length=255, blank=True, default="")
    #: Why it starts no run; empty: it may. Expanding it only holds the workflows against the default branch.
    quiet = models.CharField(max_length=255, blank=True, default="")
    #: How many runs stand before it in a chain of workflow_run.
    depth = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "key"], name="event_key")]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="pending"), name="event_pending")]
