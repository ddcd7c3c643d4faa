"""By what the engine's things are told apart: whose they are, and of which job."""

from __future__ import annotations

from runner.backends.base import Lease

LABEL = "forge.runner"
LABEL_JOB = "forge.job"
LABEL_EPOCH = "forge.epoch"


def labels(runner: str, lease: Lease) -> dict[str, str]:
    """What everything of a job is labelled with."""
    return {LABEL: runner, LABEL_JOB: str(lease.job), LABEL_EPOCH: str(lease.epoch)}


def lease_of(found: dict[str, str]) -> Lease | None:
    """Whose labels these are; None for what belongs to no job."""
    job, epoch = found.get(LABEL_JOB, ""), found.get(LABEL_EPOCH, "")
    return Lease(int(job), int(epoch)) if job.isdigit() and epoch.isdigit() else None
