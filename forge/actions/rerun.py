"""Run again: as a new attempt of the same run (GitHub's dialect), or as a new run (shithub's)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions import advance, plan, repeat, repetition, sources, transitions, workflow_runs
from forge.actions.models import Event, Job, Run, RunAttempt
from forge.errors import Conflict, Forbidden, Invalid
from forge.repos import policies
from workflows import model
from workflows.states import Hold, Status

Scope = Literal["all", "failed"]
#: GitHub's limit.
MOST_ATTEMPTS = 50


def attempt(
    account: Account | None, run: Run, scope: Scope = "all", job: Job | None = None, *, debug: bool = False
) -> RunAttempt:
    """A new attempt. ``failed``: the jobs that failed and those that need them; with ``job``: that job and
    those that need it; the others carry their results over. ``debug``: with debug logging. Forbidden when it cannot be.
    """
    made = _attempt(account, run, scope, job, debug=debug)
    advance.begin(run)
    made.refresh_from_db()
    return made


def as_new_run(account: Account | None, run: Run) -> Run:
    """A new run of the same commit and file, with this one as its parent.

    Conflict while this one is not over; Forbidden where Actions are switched off; Invalid when its source no longer
    parses.
    """
    made = _new_run(account, run)
    advance.begin(made)
    return Run.objects.select_related("latest_attempt", "workflow").get(pk=made.pk)


@repeat.on_deadlock
def _attempt(account: Account | None, run: Run, scope: Scope, job: Job | None, *, debug: bool) -> RunAttempt:
    with transaction.atomic():
        found = transitions.lock(run.pk)
        before, workflow = _repeatable(found)
        again = _again(before, workflow, scope, job)
        if not again:
            raise Forbidden("This run has no failed jobs to run again.")
        made, roots = plan.begin(
            found,
            workflow,
            number=before.number + 1,
            # Clients keep logs under the second of an attempt's start: no two of a run may share one.
            started_at=max(timezone.now(), before.started_at + timedelta(seconds=1)),
            triggering_actor=account,
            scope=f"job:{job.pk}" if job else scope,
            debug=debug,
        )
        if made.status == Status.COMPLETED:  # its concurrency group cannot be told any more
            workflow_runs.announce(made, "completed")
        else:
            repetition.carry_over(found, before, roots, again)
        return made


def _again(before: RunAttempt, workflow: model.Workflow, scope: Scope, job: Job | None) -> repetition.Again:
    if job is not None:
        return repetition.one(before, job)
    if scope == "failed":
        return repetition.failed(before)
    return repetition.Again(whole={one.id for one in workflow.jobs})


def _repeatable(run: Run) -> tuple[RunAttempt, model.Workflow]:
    if not policies.enabled(run.repository):
        raise Forbidden(policies.DISABLED)
    before = run.latest_attempt
    if before is None or before.status != Status.COMPLETED:
        raise Forbidden("This workflow is already running")
    if before.number >= MOST_ATTEMPTS:
        raise Forbidden(f"This workflow run cannot be retried: it has had {MOST_ATTEMPTS} attempts")
    workflow = sources.of_run(run)
    if before.hold == Hold.STARTUP_FAILURE or workflow is None:
        raise Forbidden("This workflow run cannot be retried: its workflow file is not valid")
    return before, workflow


@repeat.on_deadlock
def _new_run(account: Account | None, run: Run) -> Run:
    with transaction.atomic():
        found = transitions.lock(run.pk)
        if found.latest_attempt is None or found.latest_attempt.status != Status.COMPLETED:
            raise Conflict("the run is not finished yet; cancel it or wait for its end")
        if not policies.enabled(found.repository):
            raise Forbidden(policies.DISABLED)
        file = sources.file_of_run(found)
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
