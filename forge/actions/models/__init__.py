"""The engine's rows and their constraints; no verbs.

A Run is one event and one workflow file at one commit. A RunAttempt is one try at it. A JobNode is a job
key of the file, a Job one leg of an expanded node, a Claim one runner's hold on a job. Only
``transitions.py`` writes ``status`` and ``conclusion``.
"""

from __future__ import annotations

from forge.actions.models.bookmarks import PinnedWorkflow, SavedFilter
from forge.actions.models.deployments import DeploymentReview, PendingDeployment, RuleVerdict
from forge.actions.models.events import Event, Schedule, Workflow, WorkflowSource
from forge.actions.models.findings import Finding, LookCursor
from forge.actions.models.groups import ConcurrencyGroup, Place
from forge.actions.models.jobs import Beat, Claim, Job, JobNode, LabelSet, Step
from forge.actions.models.output import Annotation, JobLog, LogChunk, LogPage, SealedSpan, Summary
from forge.actions.models.runs import Run, RunAttempt, RunEvent
from forge.actions.models.words import CONCLUSIONS, HOLDS, STATUSES

__all__ = [
    "CONCLUSIONS",
    "HOLDS",
    "STATUSES",
    "Annotation",
    "Beat",
    "Claim",
    "ConcurrencyGroup",
    "DeploymentReview",
    "Event",
    "Finding",
    "Job",
    "JobLog",
    "JobNode",
    "LabelSet",
    "LogChunk",
    "LogPage",
    "LookCursor",
    "PendingDeployment",
    "PinnedWorkflow",
    "Place",
    "RuleVerdict",
    "Run",
    "RunAttempt",
    "RunEvent",
    "SavedFilter",
    "Schedule",
    "SealedSpan",
    "Step",
    "Summary",
    "Workflow",
    "WorkflowSource",
]
