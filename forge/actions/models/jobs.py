"""The jobs of an attempt, their steps, and who holds them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions.models.runs import Run, RunAttempt
from forge.actions.models.words import CONCLUSIONS, STATUSES, ends
from forge.repos.models import Repository
from forge.runners.models import Runner
from workflows.states import Status


class JobNode(models.Model):
    """A job key of the file in one attempt.

    A job that calls a workflow has ``calls`` instead of jobs, and for each of them the nodes of the called file as
    children. A parent has a lower id than its children, and of two siblings the first in the file has.
    """

    attempt = models.ForeignKey(RunAttempt, on_delete=models.CASCADE, related_name="nodes")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    leg = models.PositiveIntegerField(default=0)  # of the parent's calls
    key = models.CharField(max_length=1100)  # ten levels of names, each with the number of its leg
    position = models.PositiveIntegerField()  # order in the file
    needs = models.JSONField(default=list)  # keys
    #: Runs of the called workflow: [{"name", "inputs", "matrix", …}], as workflows.decide.CallLeg.
    calls = models.JSONField(default=list)
    expanded = models.BooleanField(default=False)
    fail_fast = models.BooleanField(default=True)
    max_parallel = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "key"], name="node_key")]


class LabelSet(models.Model):
    """What jobs ask of a runner: labels, and maybe a group. Few distinct ones exist, so a claim matches sets, not
    jobs."""

    key = models.CharField(max_length=1024, unique=True)  # as ``moves.label_sets`` makes it
    labels = models.JSONField()  # as first written
    runner_group = models.CharField(max_length=255, blank=True, default="", db_default="")  # ``runs-on.group``


class Job(models.Model):
    """One leg of an expanded node. Its id is its check run's id."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    owner = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="jobs")
    attempt = models.ForeignKey(RunAttempt, on_delete=models.CASCADE, related_name="jobs")
    node = models.ForeignKey(JobNode, on_delete=models.CASCADE, related_name="jobs")
    leg = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=255)
    matrix = models.JSONField(default=dict)
    label_set = models.ForeignKey(LabelSet, null=True, on_delete=models.PROTECT, related_name="jobs")
    #: The workflow file that defines it: owner/repository/path, owner and repository in lower case; and of which ref
    #: and commit it is. What runner groups that are restricted to workflows are asked.
    file = models.CharField(max_length=400, blank=True, default="", db_default="")
    file_ref = models.CharField(max_length=512, blank=True, default="", db_default="")
    file_sha = models.CharField(max_length=64, blank=True, default="", db_default="")
    timeout_minutes = models.FloatField(default=360)
    #: So long its always() and post steps may take after a cancel.
    cancel_timeout_minutes = models.FloatField(default=5)
    continue_on_error = models.BooleanField(default=False)
    #: The environment that it deploys to, and the address that its runner gave for it.
    environment = models.CharField(max_length=255, blank=True, default="")
    environment_url = models.CharField(max_length=2048, blank=True, default="")
    #: Concurrency groups that it has to pass: [{"name", "cancel_in_progress", "queue"}].
    groups = models.JSONField(default=list)
    status = models.CharField(max_length=12, choices=STATUSES, default=Status.QUEUED)
    conclusion = models.CharField(max_length=16, choices=CONCLUSIONS, null=True)
    reason = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    #: The job of an earlier attempt whose result this one carries over.
    carries = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    #: True while no live claim holds it; the claim statement looks at queued and free jobs only.
    free = models.BooleanField(default=True)
    #: Number of claims so far; the next claim's epoch is one more.
    epoch = models.PositiveIntegerField(default=0)
    #: How often it was lost before it started and queued again.
    lost_claims = models.PositiveSmallIntegerField(default=0)
    runner = models.ForeignKey(Runner, null=True, on_delete=models.SET_NULL, related_name="+")
    runner_name = models.CharField(max_length=64, blank=True, default="")
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_forced = models.BooleanField(default=False)
    cancel_reason = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "leg"], name="job_leg"),
            *ends("job"),
        ]
        indexes = [
            # The claim: oldest first among those that a runner's labels fit.
            models.Index(fields=["label_set", "id"], condition=Q(status="queued", free=True), name="job_claimable"),
            # The same of an owner's runners, whatever else waits on the site.
            models.Index(
                fields=["owner", "label_set", "id"],
                condition=Q(status="queued", free=True),
                name="job_claimable_of_owner",
            ),
            models.Index(fields=["attempt", "id"], name="job_of_attempt"),
            models.Index(fields=["run", "id"], name="job_of_run"),
            models.Index(fields=["runner"], condition=~Q(status="completed"), name="job_running_on"),
            models.Index(
                fields=["repository", "completed_at"], condition=Q(completed_at__isnull=False), name="job_ended"
            ),
        ]


class Step(models.Model):
    """A step as its runner reported it; ``log_start`` and ``log_end`` span it in the job's log."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=1024)
    workflow = models.BooleanField(default=True)
    status = models.CharField(max_length=12, choices=STATUSES, default=Status.QUEUED)
    conclusion = models.CharField(max_length=16, choices=CONCLUSIONS, null=True)
    outcome = models.CharField(max_length=16, choices=CONCLUSIONS, null=True)
    reason = models.CharField(max_length=1024, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    log_start = models.PositiveBigIntegerField(null=True)
    log_end = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="step_number"), *ends("step")]
        ordering = ["number"]


class Claim(models.Model):
    """One runner's hold on a job. Its lease is renewed by heartbeats only."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="claims")
    epoch = models.PositiveIntegerField()
    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="claims")
    request_key = models.CharField(max_length=64)
    lease_expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True)
    #: The first step of the workflow was reported: from here on it is never queued again.
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=32, blank=True, default="")
    #: From when on nothing of the job can be running on the runner; null while that is not known. Kept of claims that
    #: a concurrency group waits for.
    gone_at = models.DateTimeField(null=True)
    #: sha256 of the final report, so that the identical one may be repeated.
    report_hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["runner", "request_key"], name="claim_request"),
            models.UniqueConstraint(fields=["job", "epoch"], name="claim_epoch"),
            models.UniqueConstraint(fields=["job"], condition=Q(ended_at=None), name="claim_one_live"),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], condition=Q(ended_at=None), name="claim_lease"),
            models.Index(fields=["runner"], condition=Q(ended_at=None), name="claim_live_of_runner"),
            models.Index(fields=["runner"], condition=Q(ended_at__isnull=False, gone_at=None), name="claim_not_gone"),
        ]


class Beat(models.Model):
    """Signs of life of the agent door; lease time counts only while it was up."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
