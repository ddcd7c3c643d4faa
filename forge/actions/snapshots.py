"""An attempt's rows as ``workflows.decide`` takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from forge.actions import contexts, deployments, sources
from forge.actions.models import Job, JobNode, Place, Run, RunAttempt
from workflows.decide import CallLeg, Gate, Group, JobState, NodeState, Snapshot
from workflows.states import Conclusion, Hold, Status

_Passed = Mapping[tuple[int | None, int | None, int], Sequence[str]]  # states by job, node and leg


def asked(attempt: RunAttempt) -> list[Place]:
    """The places in concurrency groups that the attempt has asked for."""
    return list(Place.objects.filter(attempt=attempt))


def take(run: Run, attempt: RunAttempt, places: Sequence[Place]) -> Snapshot | None:
    """The attempt as it stands, in two queries; None when its file is not valid (any more). Give it with what it has
    ``asked`` for."""
    nodes, jobs = JobNode.objects.filter(attempt=attempt), Job.objects.filter(attempt=attempt)
    return of_rows(run, attempt, nodes, jobs, places)


def of_rows(
    run: Run, attempt: RunAttempt, nodes: Iterable[JobNode], found: Iterable[Job], asked: Iterable[Place]
) -> Snapshot | None:
    """The same of rows that were read already: the attempt's nodes, jobs and places."""
    workflow = sources.of_run(run)
    if workflow is None:
        return None
    passed = _passed(asked)
    ordered_jobs = sorted(found, key=lambda job: (job.node_id, job.leg))
    admitted = deployments.passed(ordered_jobs)
    jobs: dict[int, list[JobState]] = {}
    for job in ordered_jobs:
        jobs.setdefault(job.node_id, []).append(_job(job, passed, admitted))
    ordered = sorted(nodes, key=lambda node: node.pk)
    keys = {node.pk: node.key for node in ordered}
    return Snapshot(
        workflow=workflow,
        nodes=tuple(_node(node, jobs.get(node.pk, []), keys, passed) for node in ordered),
        hold=Hold(attempt.hold),
        cancel_requested=attempt.cancel_requested_at is not None,
        completed=attempt.status == Status.COMPLETED,
        contexts=contexts.of_attempt(run, attempt),
    )


def groups(kept: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    """Concurrency groups as a row keeps them."""
    return tuple(Group(one["name"], one["cancel_in_progress"], one["queue"]) for one in kept)


def kept_groups(given: Sequence[Group]) -> list[dict[str, Any]]:
    """The same the other way."""
    return [{"name": one.name, "cancel_in_progress": one.cancel_in_progress, "queue": one.queue} for one in given]


def _passed(asked: Iterable[Place]) -> _Passed:
    found: dict[tuple[int | None, int | None, int], list[str]] = {}
    for place in asked:
        found.setdefault((place.job_id, place.node_id, place.leg), []).append(place.state)
    return found


def _gate(wanted: Sequence[object], states: Sequence[str]) -> Gate:
    if not wanted:
        return Gate.OPEN
    if not states:
        return Gate.WANTED
    return Gate.HELD if states.count(Place.State.HOLDING) == len(wanted) else Gate.ASKED


def _job(job: Job, passed: _Passed, admitted: Collection[int]) -> JobState:
    return JobState(
        id=job.pk,
        leg=job.leg,
        status=Status(job.status),
        conclusion=Conclusion(job.conclusion) if job.conclusion else None,
        continue_on_error=job.continue_on_error,
        cancel_requested=job.cancel_requested_at is not None,
        outputs=job.outputs,
        gate=_gate(job.groups, passed.get((job.pk, None, 0), ())),
        admitted=job.pk in admitted,
    )


def _node(node: JobNode, jobs: list[JobState], keys: Mapping[int, str], passed: _Passed) -> NodeState:
    return NodeState(
        key=node.key,
        needs=tuple(node.needs),
        expanded=node.expanded,
        jobs=tuple(jobs),
        fail_fast=node.fail_fast,
        max_parallel=node.max_parallel,
        calls=tuple(_call(node, index, leg, passed) for index, leg in enumerate(node.calls)),
        parent=keys[node.parent_id] if node.parent_id else None,
        leg=node.leg,
    )


def _call(node: JobNode, index: int, leg: Mapping[str, Any], passed: _Passed) -> CallLeg:
    wanted = groups(leg["groups"])
    return CallLeg(
        index=index,
        name=leg["name"],
        inputs=leg["inputs"],
        matrix=leg["matrix"],
        groups=wanted,
        gate=_gate(wanted, passed.get((None, node.pk, index), ())),
        cancelled=leg.get("cancelled"),
    )
