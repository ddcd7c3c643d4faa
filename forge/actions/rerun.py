"""Run again: as a new attempt of the same run (GitHub's dialect), or as a new run (shithub's)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions import advance, plan, repeat, sources, transitions
from forge.actions.models import Event, Job, JobNode, Run, RunAttempt
from forge.errors import Conflict, Forbidden, Invalid
from workflows import model
from workflows.states import Conclusion, Hold, Status

Scope = Literal["all", "failed"]
_WELL = (Conclusion.SUCCESS, Conclusion.SKIPPED, Conclusion.NEUTRAL)


def attempt(account: Account | None, run: Run, scope: Scope = "all", job: Job | None = None) -> RunAttempt:
    """A new attempt. ``failed``: the jobs that failed and those that need them; with ``job``: that job and
    those that need it; the others carry their results over. Forbidden when it cannot be."""
    made = _attempt(account, run, scope, job)
    advance.begin(run)
    made.refresh_from_db()
    return made


def as_new_run(account: Account | None, run: Run) -> Run:
    """A new run of the same commit and file, with this one as its parent.

    Conflict while this one is not over; Invalid when its source no longer parses.
    """
    made = _new_run(account, run)
    advance.begin(made)
    return Run.objects.select_related("latest_attempt", "workflow").get(pk=made.pk)


@repeat.on_deadlock
def _attempt(account: Account | None, run: Run, scope: Scope, job: Job | None) -> RunAttempt:
    with transaction.atomic():
        found = transitions.lock(run.pk)
        before, workflow = _repeatable(found)
        again = _nodes_again(before, scope, job)
        if not again:
            raise Forbidden("This run has no failed jobs to run again.")
        made = transitions.new_attempt(
            found,
            number=before.number + 1,
            # Clients keep logs under the second of an attempt's start: no two of a run may share one.
            started_at=max(timezone.now(), before.started_at + timedelta(seconds=1)),
            triggering_actor=account,
            scope=f"job:{job.pk}" if job else scope,
        )
        for node in plan.nodes(made, workflow):
            old = JobNode.objects.filter(attempt=before, key=node.key).first()
            if old is not None and node.key not in again.whole:
                _carry(found, node, old, again.legs.get(node.key, frozenset()))
        return made


class _Again:
    """Job keys that run wholly again, and legs of partly repeated ones by the key."""

    def __init__(self) -> None:
        self.whole: set[str] = set()
        self.legs: dict[str, frozenset[int]] = {}

    def __bool__(self) -> bool:
        return bool(self.whole or self.legs)


def _repeatable(run: Run) -> tuple[RunAttempt, model.Workflow]:
    before = run.latest_attempt
    if before is None or before.status != Status.COMPLETED:
        raise Forbidden("This workflow is already running")
    workflow = sources.of_run(run)
    if before.hold == Hold.STARTUP_FAILURE or workflow is None:
        raise Forbidden("This workflow run cannot be retried: its workflow file is not valid")
    return before, workflow


def _nodes_again(before: RunAttempt, scope: Scope, job: Job | None) -> _Again:
    nodes = list(JobNode.objects.filter(attempt=before).order_by("position"))
    jobs = list(Job.objects.filter(attempt=before).select_related("node"))
    again = _Again()
    if job is None and scope == "all":
        again.whole = {node.key for node in nodes}
        return again
    chosen = _chosen(jobs, job)
    by_key: dict[str, set[int]] = {}
    for one in chosen:
        by_key.setdefault(one.node.key, set()).add(one.leg)
    again.whole = _dependents(nodes, by_key)
    for key, legs in by_key.items():
        everything = {one.leg for one in jobs if one.node.key == key}
        # A job that never became legs (skipped, condition failed) is decided anew as a whole.
        if key not in again.whole and (
            legs == everything or any(one.label_set_id is None for one in chosen if one.node.key == key)
        ):
            again.whole.add(key)
        elif key not in again.whole:
            again.legs[key] = frozenset(legs)
    return again


def _chosen(jobs: Iterable[Job], job: Job | None) -> list[Job]:
    if job is None:
        return [one for one in jobs if one.conclusion not in _WELL]
    # A job of an earlier attempt names its leg in the latest one.
    original = Job.objects.select_related("node").get(pk=job.pk)
    return [one for one in jobs if (one.node.key, one.leg) == (original.node.key, original.leg)]


def _dependents(nodes: Iterable[JobNode], keys: Iterable[str]) -> set[str]:
    """Every job key that needs one of these, directly or not."""
    found: set[str] = set()
    goes_on, roots = True, set(keys)
    ordered = list(nodes)
    while goes_on:
        new = {node.key for node in ordered if set(node.needs) & (roots | found)} - found
        found |= new
        goes_on = bool(new)
    return found


def _carry(run: Run, node: JobNode, old: JobNode, again: frozenset[int]) -> None:
    """The node's jobs as they ended, but for the legs that run again."""
    # A carried failure must not stop the legs that run again.
    fail_fast = old.fail_fast and not again
    JobNode.objects.filter(pk=node.pk).update(expanded=True, fail_fast=fail_fast, max_parallel=old.max_parallel)
    node.max_parallel = old.max_parallel
    for number, job in enumerate(Job.objects.filter(node=old).select_related("label_set").order_by("leg")):
        same = {
            "name": job.name,
            "matrix": job.matrix,
            "label_set": job.label_set,
            "timeout_minutes": job.timeout_minutes,
            "continue_on_error": job.continue_on_error,
        }
        if job.leg in again:
            held = old.max_parallel is not None and number >= old.max_parallel
            made = transitions.new_job(node, run, job.leg, Status.PENDING if held else Status.QUEUED, **same)
            if not held:
                advance.offer(made)
            continue
        transitions.new_job(
            node,
            run,
            job.leg,
            Status.COMPLETED,
            Conclusion(str(job.conclusion)),
            **same,
            carries_id=job.carries_id or job.pk,
            outputs=job.outputs,
            reason=job.reason,
            runner=job.runner,
            runner_name=job.runner_name,
            started_at=job.started_at,
            completed_at=job.completed_at,
            free=False,
        )


@repeat.on_deadlock
def _new_run(account: Account | None, run: Run) -> Run:
    with transaction.atomic():
        found = transitions.lock(run.pk)
        if found.latest_attempt is None or found.latest_attempt.status != Status.COMPLETED:
            raise Conflict("the run is not finished yet; cancel it or wait for its end")
        file = sources.File(found.workflow.path, found.source.text.encode())
        parsed = file.parsed()
        if parsed.workflow is None:
            raise Invalid("the workflow file of this run does not parse: " + "; ".join(map(str, parsed.problems)))
        old = found.event
        event = Event.objects.create(
            repository=found.repository,
            name=found.event_name,
            key=f"rerun:{uuid.uuid4()}",
            ref=old.ref,
            before=old.before,
            sha=old.sha,
            actor=account,
            payload=old.payload,
            workflow_path=found.workflow.path,
            depth=old.depth,
            state=Event.State.EXPANDED,
        )
        again = plan.Plan(file, parsed.name, parsed.workflow, inputs=found.contexts.get("inputs", {}), parent=found)
        return plan.make(event, found.workflow, again, found.head_commit)
