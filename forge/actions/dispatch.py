"""Runs that are asked for: workflow_dispatch at a branch or tag, with inputs, and repository_dispatch."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from forge import storable
from forge.accounts.models import Account
from forge.actions import advance, called, events, payloads, plan, repeat
from forge.actions.models import Event, Run, Workflow
from forge.actions.sources import File, Parsed
from forge.errors import FieldError, Forbidden, Invalid
from forge.repos import git, policies
from forge.repos.models import Repository
from workflows import expressions, inputs
from workflows.errors import InvalidInputs
from workflows.model import Trigger

_KINDS = ("refs/heads/", "refs/tags/")
#: GitHub's limits of a repository_dispatch: characters of its type and of the payload's JSON, keys of the payload.
TYPE_LENGTH, PAYLOAD_LENGTH, PAYLOAD_KEYS = 100, 65_535, 10
#: Levels of a payload; of this GitHub says nothing, and nobody needs more.
PAYLOAD_DEPTH = 100


def dispatch(
    account: Account | None, repository: Repository, workflow: Workflow, ref: str, given: Mapping[str, object]
) -> Run:
    """Start one run and let it go on. Forbidden where Actions are switched off, Invalid when the workflow is disabled,
    the ref unknown, the file there takes no dispatch or is broken, or the inputs are not those that it asks for."""
    if not policies.enabled(repository):
        raise Forbidden(policies.DISABLED)
    if workflow.state == Workflow.State.DISABLED_MANUALLY:
        raise Invalid("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    full, sha = _resolve(repository, ref)
    file, parsed, trigger = _file(repository, workflow, sha)
    values = _inputs(trigger, storable.data(dict(given)))
    commit = git.commit(repository, sha)
    run = _write(
        account, repository, workflow, (full, sha), plan.Plan(file, parsed.name, parsed.workflow, inputs=values), commit
    )
    advance.begin(run)
    return Run.objects.select_related("latest_attempt", "workflow").get(pk=run.pk)


def repository_dispatch(
    account: Account | None, repository: Repository, event_type: str, client_payload: Mapping[str, object]
) -> Event:
    """An event from outside, for every workflow on the default branch that listens to its type. Invalid when it
    is beyond GitHub's limits."""
    _check_type(event_type)
    _check_payload(client_payload)
    payload = {
        "action": event_type,
        "branch": repository.default_branch,
        "client_payload": dict(client_payload),
    }
    with transaction.atomic():
        event = events.write(repository, "repository_dispatch", actor=account, payload=storable.data(payload))
    assert event is not None, "its key is new"
    return event


def takes(parsed: Parsed) -> Trigger | None:
    """The dispatch trigger of a file; None when it has none or is broken."""
    found = parsed.workflow.on if parsed.workflow else ()
    return next((trigger for trigger in found if trigger.event == "workflow_dispatch"), None)


@repeat.on_deadlock
def _write(
    account: Account | None,
    repository: Repository,
    workflow: Workflow,
    place: tuple[str, str],
    made: plan.Plan,
    commit: Mapping[str, Any],
) -> Run:
    ref, sha = place
    with transaction.atomic():
        event = Event.objects.create(
            repository=repository,
            name="workflow_dispatch",
            key=f"dispatch:{uuid.uuid4()}",
            ref=ref,
            sha=sha,
            actor=account,
            payload=payloads.dispatch(
                repository,
                account,
                ref,
                workflow.path,
                {name: expressions.to_text(value) for name, value in made.inputs.items()},
            ),
            workflow_path=workflow.path,
            state=Event.State.EXPANDED,
        )
        return plan.make(event, workflow, made, commit)


def _check_type(event_type: str) -> None:
    if len(event_type) > TYPE_LENGTH:
        raise _refused("event_type", f"Only {TYPE_LENGTH} characters are allowed; {len(event_type)} were supplied.")


def _check_payload(given: Mapping[str, object]) -> None:
    if not _is_within(given, PAYLOAD_DEPTH):
        raise _refused("client_payload", f"client_payload is too deep: {PAYLOAD_DEPTH} levels are allowed.")
    if len(given) > PAYLOAD_KEYS:
        raise _refused(
            "client_payload", f"No more than {PAYLOAD_KEYS} properties are allowed; {len(given)} were supplied."
        )
    try:
        length = len(json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except ValueError as error:
        raise _refused("client_payload", "client_payload holds a number that is too large.") from error
    if length > PAYLOAD_LENGTH:
        raise _refused("client_payload", f"client_payload is too large: {PAYLOAD_LENGTH} characters are allowed.")


def _is_within(value: object, levels: int) -> bool:
    """Whether a JSON value has no more levels than these. Level by level: it may be too deep for a recursion."""
    level = [value]
    for _ in range(levels + 1):
        nested = [one for one in level if isinstance(one, Mapping | list)]
        level = [item for one in nested for item in (one.values() if isinstance(one, Mapping) else one)]
        if not nested:
            return True
    return False


def _refused(field: str, why: str) -> Invalid:
    return Invalid(f"Invalid request.\n\n{why}", [FieldError("RepositoryDispatch", field, "invalid", why)])


def _resolve(repository: Repository, ref: str) -> tuple[str, str]:
    found = git.resolve(repository, ref) if ref else None
    if found is None or not found[0].startswith(_KINDS):
        raise Invalid(f"No ref found for: {ref}", [FieldError("WorkflowDispatch", "ref", "invalid")])
    return found


def _file(repository: Repository, workflow: Workflow, sha: str) -> tuple[File, Parsed, Trigger]:
    data = git.read_file(repository, sha, workflow.path)
    if data is None:
        raise Invalid(f"{workflow.path} does not exist at this ref")
    file = called.whole(repository, sha, workflow.path, data)
    parsed = file.parsed()
    if parsed.workflow is None:
        raise Invalid("The workflow is not valid. " + "; ".join(map(str, parsed.problems[:10])))
    trigger = takes(parsed)
    if trigger is None:
        raise Invalid("Workflow does not have 'workflow_dispatch' trigger")
    return file, parsed, trigger


def _inputs(trigger: Trigger, given: Mapping[str, object]) -> dict[str, inputs.Value]:
    """The values that the workflow sees: typed, defaults filled in. All wrong ones are named at once."""
    try:
        return inputs.for_dispatch(trigger.inputs, given)
    except InvalidInputs as error:
        fields = [FieldError("WorkflowDispatch", "inputs", "invalid", text) for text in error.sentences]
        raise Invalid(str(error), fields) from error
