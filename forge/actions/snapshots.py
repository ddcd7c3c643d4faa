"""An attempt's rows as ``workflows.decide`` takes them."""

from __future__ import annotations

from collections.abc import Iterable

from forge.actions import contexts, sources
from forge.actions.models import Job, JobNode, Run, RunAttempt
from workflows.decide import JobState, NodeState, Snapshot
from workflows.states import Conclusion, Hold, Status


def take(run: Run, attempt: RunAttempt) -> Snapshot | None:
    """The attempt as it stands; None when its file is not valid (any more)."""
    nodes = JobNode.objects.filter(attempt=attempt).order_by("position")
    return of_rows(run, attempt, nodes, Job.objects.filter(attempt=attempt))


def of_rows(run: Run, attempt: RunAttempt, nodes: Iterable[JobNode], found: Iterable[Job]) -> Snapshot | None:
    """The same of rows that were read already; the nodes in order."""
    workflow = sources.of_run(run)
    if workflow is None:
        return None
    jobs: dict[int, list[JobState]] = {}
    for job in sorted(found, key=lambda job: (job.node_id, job.leg)):
        jobs.setdefault(job.node_id, []).append(_job(job))
    return Snapshot(
        workflow=workflow,
        nodes=tuple(_node(node, jobs.get(node.pk, [])) for node in nodes),
        hold=Hold(attempt.hold),
        cancel_requested=attempt.cancel_requested_at is not None,
        completed=attempt.status == Status.COMPLETED,
        contexts=contexts.of_attempt(run, attempt),
    )


def _job(job: Job) -> JobState:
    return JobState(
        id=job.pk,
        leg=job.leg,
        status=Status(job.status),
        conclusion=Conclusion(job.conclusion) if job.conclusion else None,
        continue_on_error=job.continue_on_error,
        cancel_requested=job.cancel_requested_at is not None,
        outputs=job.outputs,
    )


def _node(node: JobNode, jobs: list[JobState]) -> NodeState:
    return NodeState(
        key=node.key,
        needs=tuple(node.needs),
        expanded=node.expanded,
        jobs=tuple(jobs),
        fail_fast=node.fail_fast,
        max_parallel=node.max_parallel,
    )
