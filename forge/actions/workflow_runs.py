"""A run is an event itself: it was requested, is in progress, has completed (``on: workflow_run``).

The row is written in the transaction of what it tells, and only where a workflow on the default branch
listens to it: a run of which nobody wants to hear costs one question more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from forge import storable
from forge.actions import events, payloads
from forge.actions.models import RunAttempt, Workflow
from workflows import model, triggers

#: Runs that may follow one another through workflow_run, as GitHub has it: of A → B → C → D → E, E does not run.
LEVELS = 3
Action = Literal["requested", "in_progress", "completed"]


def announce(attempt: RunAttempt, action: Action) -> None:
    """Write down what happened to an attempt, if anybody listens. The caller holds the transaction in which it
    did; telling the same twice changes nothing."""
    listening = Workflow.objects.filter(
        repository=attempt.repository_id, follows__isnull=False, state=Workflow.State.ACTIVE
    )
    followers = dict(listening.values_list("pk", "follows"))
    if not followers:
        return
    found = RunAttempt.objects.select_related(
        "run__workflow", "run__repository__owner", "run__event", "run__actor", "triggering_actor"
    ).get(pk=attempt.pk)
    run = found.run
    run.workflow.repository = run.repository
    followers.pop(run.workflow_id, None)  # none follows itself
    happened = triggers.Event(
        "workflow_run", action=action, workflow=run.workflow_name, head_branch=run.head_branch or None
    )
    if run.event.depth >= LEVELS or not any(_wants(said, happened) for said in followers.values() if said):
        return
    events.write(
        run.repository,
        "workflow_run",
        key=f"workflow_run:{action}:{found.pk}",
        actor=found.triggering_actor,
        payload=storable.data(payloads.workflow_run(action, found)),
        depth=run.event.depth + 1,
    )


def followed(workflow: model.Workflow | None) -> list[dict[str, Any]] | None:
    """What a file says of workflow_run, as its row keeps it; None where it says nothing or is broken."""
    found = [trigger for trigger in workflow.on if trigger.event == "workflow_run"] if workflow else []
    return [_kept(trigger) for trigger in found] or None


def _kept(trigger: model.Trigger) -> dict[str, Any]:
    branches = trigger.branches
    return {
        "workflows": list(trigger.workflows),
        "types": list(trigger.types),
        "branches": None if branches is None else list(branches.patterns),
        "ignore": branches is not None and branches.ignore,
    }


def _wants(said: list[Mapping[str, Any]], happened: triggers.Event) -> bool:
    on = tuple(
        model.Trigger(
            "workflow_run",
            branches=None if one["branches"] is None else model.Filter(tuple(one["branches"]), ignore=one["ignore"]),
            types=tuple(one["types"]),
            workflows=tuple(one["workflows"]),
        )
        for one in said
    )
    return triggers.matches(model.Workflow(path="", name="", on=on), happened) is not None
