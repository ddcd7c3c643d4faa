"""Runs, their attempts, and what happened in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions.models.events import Event, Workflow, WorkflowSource
from forge.actions.models.words import CONCLUSIONS, HOLDS, STATUSES, ends
from forge.repos.models import Repository
from workflows.states import Status


class Run(models.Model):
    """One event, one workflow file, one commit. What it shows of its state stands in its latest attempt."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="runs")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="runs")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="runs")
    source = models.ForeignKey(WorkflowSource, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="children")
    run_number = models.PositiveBigIntegerField()
    run_index = models.PositiveBigIntegerField()
    workflow_name = models.CharField(max_length=255)
    title = models.CharField(max_length=1024)
    event_name = models.CharField(max_length=40)
    ref = models.CharField(max_length=512)
    head_branch = models.CharField(max_length=512)  # the branch or tag without refs/…/
    head_sha = models.CharField(max_length=64)
    #: {"id", "tree_id", "message", "timestamp", "author": {name, email}, "committer": {…}}
    head_commit = models.JSONField(default=dict)
    #: Contexts fixed for the run: {"github": {… without token …}, "inputs": {}}.
    contexts = models.JSONField(default=dict)
    #: The files that it calls, as they were when it was made: [{"reference", "source" (sha256), "path", "sha", "ref"}].
    called = models.JSONField(default=list)
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    latest_attempt = models.OneToOneField("RunAttempt", null=True, on_delete=models.SET_NULL, related_name="+")
    #: Counter of RunEvent.sequence; moved under the row's lock.
    last_event = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "workflow"], name="run_once_per_event"),
            models.UniqueConstraint(fields=["workflow", "run_number"], name="run_number"),
            models.UniqueConstraint(fields=["repository", "run_index"], name="run_index"),
        ]
        indexes = [
            models.Index(fields=["repository", "-id"], name="run_newest"),
            models.Index(fields=["workflow", "-id"], name="run_of_workflow"),
            models.Index(fields=["workflow", "head_branch", "-id"], name="run_of_workflow_branch"),
            models.Index(fields=["workflow", "event_name", "-id"], name="run_of_workflow_by_event"),
            models.Index(fields=["workflow", "actor", "-id"], name="run_of_workflow_actor"),
            models.Index(fields=["repository", "head_branch", "-id"], name="run_branch"),
            models.Index(fields=["repository", "event_name", "-id"], name="run_by_event"),
            models.Index(fields=["repository", "actor", "-id"], name="run_actor"),
            models.Index(fields=["actor", "-id"], name="run_of_actor"),
            models.Index(fields=["repository", "head_sha", "-id"], name="run_sha"),
            models.Index(fields=["repository", "-created_at", "-id"], name="run_created"),
        ]


class RunAttempt(models.Model):
    """One try at a run. ``number`` counts from 1."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")  # of the run, for the indexes
    number = models.PositiveIntegerField()
    latest = models.BooleanField(default=True)
    status = models.CharField(max_length=12, choices=STATUSES, default=Status.QUEUED)
    conclusion = models.CharField(max_length=16, choices=CONCLUSIONS, null=True)
    hold = models.CharField(max_length=16, choices=HOLDS, blank=True, default="")
    #: Why it waits or ended: {"code": …, data}. See forge.actions.reasons.
    reason = models.JSONField(default=dict)
    #: Findings of a startup failure: [{"file", "line", "column", "message"}].
    problems = models.JSONField(default=list)
    triggering_actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    #: all, failed, or job:<id>: what was asked to run again.
    scope = models.CharField(max_length=32, default="all")
    #: The variables of repository and organisation as they were when it was made.
    variables = models.JSONField(default=dict)
    #: With debug logging: steps and runner say more.
    debug = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(db_default=Now())  # GitHub's run_started_at
    completed_at = models.DateTimeField(null=True)
    #: When its logs go, fixed soon after its end; and that they have gone.
    logs_expire_at = models.DateTimeField(null=True)
    logs_expired = models.BooleanField(default=False)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="attempt_number"),
            models.UniqueConstraint(fields=["run"], condition=Q(latest=True), name="attempt_latest"),
            *ends("attempt"),
        ]
        indexes = [
            models.Index(fields=["repository", "status", "-run"], condition=Q(latest=True), name="attempt_by_status"),
            models.Index(
                fields=["repository", "conclusion", "-run"], condition=Q(latest=True), name="attempt_by_conclusion"
            ),
            models.Index(
                fields=["workflow", "status", "-run"], condition=Q(latest=True), name="attempt_of_workflow_status"
            ),
            models.Index(
                fields=["workflow", "conclusion", "-run"],
                condition=Q(latest=True),
                name="attempt_of_workflow_conclusion",
            ),
            models.Index(fields=["updated_at"], condition=~Q(status="completed"), name="attempt_open"),
            models.Index(
                fields=["repository", "completed_at"], condition=Q(completed_at__isnull=False), name="attempt_ended"
            ),
            models.Index(
                fields=["logs_expire_at"], condition=Q(status="completed", logs_expired=False), name="attempt_logs_kept"
            ),
        ]


class RunEvent(models.Model):
    """What changed in a run, in order: the cursor of live pages. Written with the change itself."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    sequence = models.PositiveBigIntegerField()
    #: {"kind": "attempt" | "job" | "step" | "node", ids, "status", "conclusion"}
    data = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sequence"], name="run_event")]
