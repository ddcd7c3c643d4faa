"""Jobs that wait for the rules of their environment, and what was decided of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions.models.jobs import Job
from forge.actions.models.runs import Run, RunAttempt
from forge.environments.models import Environment, ProtectionRule


class PendingDeployment(models.Model):
    """One job of one attempt that waits, or has waited, for its environment. The job is ``waiting`` while this is."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        PASSED = "passed"
        REFUSED = "refused"

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="deployment")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: Null when it was deleted meanwhile: then nothing is deployed there any more.
    environment = models.ForeignKey(Environment, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    environment_name = models.CharField(max_length=255)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    #: One of the reviewers has said yes.
    approved = models.BooleanField(default=False)
    #: When only time is missing: until when.
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["run"], condition=Q(state="waiting"), name="deployment_of_run"),
            models.Index(fields=["environment", "state", "id"], name="deployment_of_environment"),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="deployment_waiting"),
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="deployment_due"),
            models.Index(fields=["id"], condition=Q(state="waiting", environment=None), name="deployment_nowhere"),
        ]


class DeploymentReview(models.Model):
    """What a reviewer has said of environments for which a run waited, or an administrator who passed by their
    rules."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reviews")
    attempt = models.ForeignKey(RunAttempt, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8)  # approved, rejected, bypassed
    comment = models.TextField(blank=True, default="")
    environments = models.ManyToManyField(Environment, related_name="+")
    created_at = models.DateTimeField(db_default=Now())


class RuleVerdict(models.Model):
    """What an integration has said of one waiting job, as one of its environment's rules."""

    deployment = models.ForeignKey(PendingDeployment, on_delete=models.CASCADE, related_name="verdicts", db_index=False)
    rule = models.ForeignKey(ProtectionRule, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8)  # approved, rejected
    comment = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "rule"], name="rule_verdict_once")]
