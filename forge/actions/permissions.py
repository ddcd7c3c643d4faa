"""What the GITHUB_TOKEN of a job may do."""

from __future__ import annotations

from collections.abc import Mapping

from forge.actions.models import Job
from forge.repos import workflow_permissions
from workflows import decide, permissions
from workflows.model import Workflow


def of_job(job: Job, workflow: Workflow) -> Mapping[str, str]:
    """Level by name: what its file says of it, else the default of the repository as it is now, and never more than
    those who call its file have. Give the job with its node and its run's repository and owner."""
    return permissions.effective(decide.definition(workflow, job.node.key).permissions, default(job))


def default(job: Job) -> Mapping[str, str]:
    """What a file that says nothing gives to the jobs of this repository."""
    return permissions.DEFAULTS[workflow_permissions.of(job.run.repository).default]
