"""Concurrency groups, and who stands where in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.actions.models.jobs import Job, JobNode
from forge.actions.models.runs import Run, RunAttempt
from forge.repos.models import Repository


class ConcurrencyGroup(models.Model):
    """A name that one job or run of a repository holds at a time. Its row is locked to decide who."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
    name_key = models.CharField(max_length=400)  # lower case
    name = models.CharField(max_length=400)  # as first written

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "name_key"], name="group_name")]


class Place(models.Model):
    """Somebody's place in a concurrency group: of a whole attempt, of one leg of a calling job (``node``, ``leg``) or
    of one job. It is deleted when whoever has it is over."""

    class State(models.TextChoices):
        """Where it stands. ``refused`` waits for its cancel; ``leaving`` is over, but its runner may not know yet."""

        WAITING = "waiting"
        HOLDING = "holding"
        LEAVING = "leaving"
        REFUSED = "refused"

    group = models.ForeignKey(ConcurrencyGroup, on_delete=models.CASCADE, related_name="places")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    attempt = models.ForeignKey(RunAttempt, on_delete=models.CASCADE, related_name="places")
    node = models.ForeignKey(JobNode, null=True, on_delete=models.CASCADE, related_name="+")
    leg = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, null=True, on_delete=models.CASCADE, related_name="places")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    #: Its group was looked at since it asked, so that what it does to the others is decided.
    considered = models.BooleanField(default=False)
    cancel_in_progress = models.BooleanField(default=False)
    queue = models.CharField(max_length=6, default="single")
    #: Of a push: its ref and its number along the ref, by which a newer one is known.
    ref = models.CharField(max_length=512, blank=True, default="")
    ref_sequence = models.PositiveBigIntegerField(default=0)
    #: Why it is to stop: {"code": superseded | queue_full | deadlock, "group", …}; due until it was carried out.
    verdict = models.JSONField(default=dict)
    verdict_due = models.BooleanField(default=False)
    #: Of one that leaves: when its group is free whatever its runner says.
    release_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group"], condition=Q(state__in=["holding", "leaving"]), name="place_held"),
            models.UniqueConstraint(fields=["group", "job"], condition=Q(job__isnull=False), name="place_of_job"),
        ]
        indexes = [
            models.Index(fields=["group", "id"], name="place_of_group"),
            models.Index(fields=["attempt", "id"], name="place_of_attempt"),
            models.Index(fields=["id"], condition=Q(state="waiting"), name="place_waiting"),
            models.Index(fields=["id"], condition=Q(verdict_due=True), name="place_verdict"),
            models.Index(fields=["release_at"], condition=Q(state="leaving"), name="place_leaving"),
        ]
