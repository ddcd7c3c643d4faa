"""The engine's rows and their constraints; no verbs.

A Run is one event and one workflow file at one commit. A RunAttempt is one try at it. A JobNode is a job
key of the file, a Job one leg of an expanded node, a Claim one runner's hold on a job. Only
``transitions.py`` writes ``status`` and ``conclusion``.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions import finding_rows as finding_rows
from forge.repos.models import Repository
from forge.runners.models import Runner
from workflows.states import Conclusion, Hold, Status

STATUSES = [(word.value, word.value) for word in Status]
CONCLUSIONS = [(word.value, word.value) for word in Conclusion]
HOLDS = [(word.value, word.value) for word in Hold]


def _ends(name: str) -> list[models.BaseConstraint]:
    """A conclusion is set exactly when the status is completed, and both are known words."""
    return [
        models.CheckConstraint(
            condition=Q(status="completed", conclusion__isnull=False)
            | (~Q(status="completed") & Q(conclusion__isnull=True)),
            name=f"{name}_concluded",
        ),
        models.CheckConstraint(condition=Q(status__in=[word.value for word in Status]), name=f"{name}_status"),
        models.CheckConstraint(
            condition=Q(conclusion__isnull=True) | Q(conclusion__in=[word.value for word in Conclusion]),
            name=f"{name}_conclusion",
        ),
    ]


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
    #: Contexts fixed for the run: {"github": {… without token …}, "vars": {}, "inputs": {}}.
    contexts = models.JSONField(default=dict)
    #: The files that it calls, as they were when it was made: [{"reference", "source" (sha256), "path", "sha", "ref"}].
    called = models.JSONField(default=list)
    actor = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
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
            models.Index(fields=["repository", "head_branch", "-id"], name="run_branch"),
            models.Index(fields=["repository", "event_name", "-id"], name="run_by_event"),
            models.Index(fields=["repository", "actor", "-id"], name="run_actor"),
            models.Index(fields=["repository", "head_sha", "-id"], name="run_sha"),
            models.Index(fields=["repository", "created_at"], name="run_created"),
        ]


class RunAttempt(models.Model):
    """One try at a run. ``number`` counts from 1."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="+")
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
    #: With debug logging: steps and runner say more.
    debug = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(Account, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(db_default=Now())  # GitHub's run_started_at
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="attempt_number"),
            models.UniqueConstraint(fields=["run"], condition=Q(latest=True), name="attempt_latest"),
            *_ends("attempt"),
        ]
        indexes = [
            models.Index(fields=["repository", "status", "-run"], condition=Q(latest=True), name="attempt_by_status"),
            models.Index(
                fields=["repository", "conclusion", "-run"], condition=Q(latest=True), name="attempt_by_conclusion"
            ),
            models.Index(fields=["updated_at"], condition=~Q(status="completed"), name="attempt_open"),
        ]


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
    """A list of labels that jobs ask for; few distinct ones exist, so a claim matches sets, not jobs."""

    key = models.CharField(max_length=1024, unique=True)  # lower case, sorted, joined by a newline
    labels = models.JSONField()  # as first written


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
    timeout_minutes = models.FloatField(default=360)
    continue_on_error = models.BooleanField(default=False)
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
            *_ends("job"),
        ]
        indexes = [
            # The claim: oldest first among those that a runner's labels fit.
            models.Index(fields=["label_set", "id"], condition=Q(status="queued", free=True), name="job_claimable"),
            models.Index(fields=["attempt", "id"], name="job_of_attempt"),
            models.Index(fields=["run", "id"], name="job_of_run"),
            models.Index(fields=["runner"], condition=~Q(status="completed"), name="job_running_on"),
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
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="step_number"), *_ends("step")]
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


class JobLog(models.Model):
    """The one byte stream of a job's current epoch."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="log")
    epoch = models.PositiveIntegerField(default=0)
    length = models.PositiveBigIntegerField(default=0)
    #: Bytes and lines that stand in sealed pages; the rest is in chunks.
    sealed_length = models.PositiveBigIntegerField(default=0)
    sealed_lines = models.PositiveBigIntegerField(default=0)
    #: Set by the final report.
    final_length = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    truncated = models.BooleanField(default=False)
    #: What is in force where the sealed pages end: {"colour": …, "groups": […]}.
    sealed_state = models.JSONField(default=dict)
    #: The whole stream stands in pages and its hash was compared.
    sealed_at = models.DateTimeField(null=True)
    #: The stream does not match the hash that its runner stated.
    damaged = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(sealed_at=None, deleted_at=None), name="log_unsealed"),
        ]


class LogChunk(models.Model):
    """Bytes of the open tail, as they came."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    data = models.BinaryField()
    #: Set when a page holds these bytes; deleted ten minutes later.
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "epoch", "offset"], name="chunk_offset")]
        indexes = [models.Index(fields=["sealed_at"], condition=~Q(sealed_at=None), name="chunk_sealed")]


class LogPage(models.Model):
    """1,000 sealed lines in a blob, drawable alone: colour state and open groups at its start are kept."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    first_line = models.PositiveBigIntegerField()
    lines = models.PositiveIntegerField()
    first_time = models.CharField(max_length=32, blank=True, default="")
    colour = models.CharField(max_length=64, blank=True, default="")  # SGR parameters in force
    groups = models.JSONField(default=list)  # titles of the groups open here
    blob = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "epoch", "number"], name="page_number")]
        indexes = [models.Index(fields=["job", "epoch", "offset"], name="page_offset")]


class Annotation(models.Model):
    """A notice, warning or failure that a step printed, or the engine's own word on a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="annotations")
    step = models.PositiveIntegerField()
    level = models.CharField(max_length=8)  # notice, warning, failure
    message = models.TextField()
    title = models.CharField(max_length=255, blank=True, default="")
    path = models.CharField(max_length=1024, blank=True, default="")
    start_line = models.PositiveIntegerField(null=True)
    end_line = models.PositiveIntegerField(null=True)
    start_column = models.PositiveIntegerField(null=True)
    end_column = models.PositiveIntegerField(null=True)
    log_offset = models.PositiveBigIntegerField(null=True)


class Summary(models.Model):
    """The Markdown that a step wrote to its summary file."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="summaries")
    step = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="summary_once")]


class RunEvent(models.Model):
    """What changed in a run, in order: the cursor of live pages. Written with the change itself."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    sequence = models.PositiveBigIntegerField()
    #: {"kind": "attempt" | "job" | "step" | "node", ids, "status", "conclusion"}
    data = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sequence"], name="run_event")]


class Beat(models.Model):
    """Signs of life of the agent door; lease time counts only while it was up."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
