"""A person starts a workflow by hand: workflow_dispatch at a branch or tag, with inputs."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from forge import storable
from forge.accounts.models import Account
from forge.actions import advance, events, plan, repeat
from forge.actions.models import Event, Run, Workflow
from forge.actions.sources import File, Parsed
from forge.errors import FieldError, Invalid
from forge.repos import git
from forge.repos.models import Repository
from workflows.model import DispatchInput, Trigger

MOST_INPUTS = 25
MOST_CHARACTERS = 65_535
_KINDS = ("refs/heads/", "refs/tags/")


def dispatch(
    account: Account | None, repository: Repository, workflow: Workflow, ref: str, inputs: Mapping[str, object]
) -> Run:
    """Start one run and let it go on. Invalid when the workflow is disabled, the ref unknown, the file at the
    ref takes no dispatch or is broken, or the inputs are not those that it asks for."""
    if workflow.state == Workflow.State.DISABLED_MANUALLY:
        raise Invalid("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    full, sha = _resolve(repository, ref)
    file, parsed, trigger = _file(repository, workflow, sha)
    values = _inputs(trigger, storable.data(dict(inputs)))
    commit = git.commit(repository, sha)
    run = _write(
        account, repository, workflow, (full, sha), plan.Plan(file, parsed.name, parsed.workflow, inputs=values), commit
    )
    advance.begin(run)
    return Run.objects.select_related("latest_attempt", "workflow").get(pk=run.pk)


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
            payload=events.dispatch_payload(
                repository, account, ref, workflow.path, {name: _text(value) for name, value in made.inputs.items()}
            ),
            workflow_path=workflow.path,
            state=Event.State.EXPANDED,
        )
        return plan.make(event, workflow, made, commit)


def _resolve(repository: Repository, ref: str) -> tuple[str, str]:
    found = git.resolve(repository, ref) if ref else None
    if found is None or not found[0].startswith(_KINDS):
        raise Invalid(f"No ref found for: {ref}", [FieldError("WorkflowDispatch", "ref", "invalid")])
    return found


def _file(repository: Repository, workflow: Workflow, sha: str) -> tuple[File, Parsed, Trigger]:
    data = git.read_file(repository, sha, workflow.path)
    if data is None:
        raise Invalid(f"{workflow.path} does not exist at this ref")
    file = File(workflow.path, data)
    parsed = file.parsed()
    if parsed.workflow is None:
        raise Invalid("The workflow is not valid. " + "; ".join(map(str, parsed.problems[:10])))
    trigger = takes(parsed)
    if trigger is None:
        raise Invalid("Workflow does not have 'workflow_dispatch' trigger")
    return file, parsed, trigger


def _inputs(trigger: Trigger, given: Mapping[str, object]) -> dict[str, Any]:
    """The values that the workflow sees: typed, defaults filled in. All wrong ones are named at once."""
    wrong: list[str] = []
    if len(given) > MOST_INPUTS:
        raise Invalid(f"You may only define up to {MOST_INPUTS} inputs")
    if len(json.dumps(given)) > MOST_CHARACTERS:
        raise Invalid(f"The inputs are longer than {MOST_CHARACTERS} characters")
    known = {one.name.lower(): one for one in trigger.inputs}
    unexpected = [name for name in given if name.lower() not in known]
    if unexpected:
        wrong.append(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    by_name = {name.lower(): value for name, value in given.items()}
    values: dict[str, Any] = {}
    for one in trigger.inputs:
        try:
            values[one.name] = _value(one, by_name.get(one.name.lower()))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        fields = [FieldError("WorkflowDispatch", "inputs", "invalid", text) for text in wrong]
        raise Invalid("; ".join(wrong), fields)
    return values


def _value(wanted: DispatchInput, given: object) -> object:
    """One input's value by its type; ValueError says what is wrong with it."""
    if given is None or given == "":
        if wanted.required and wanted.default in (None, ""):
            raise ValueError(f"Required input '{wanted.name}' not provided")
        given = wanted.default
    if isinstance(given, Mapping | list):
        raise ValueError(f"Input '{wanted.name}' must be a string, a number or a boolean")
    if wanted.type == "boolean":
        return _boolean(wanted, given)
    if wanted.type == "number":
        return _number(wanted, given)
    text = _text(given) if given is not None else ""
    if wanted.type == "choice":
        text = text or (wanted.options[0] if wanted.options else "")
        if text not in wanted.options:
            raise ValueError(f"Provided value '{text}' for input '{wanted.name}' not in the list of allowed values")
    return text


def _boolean(wanted: DispatchInput, given: object) -> bool:
    word = _text(given).lower() if given is not None else "false"
    if word not in ("true", "false"):
        raise ValueError(f"Provided value '{word}' for input '{wanted.name}' is not a boolean")
    return word == "true"


def _number(wanted: DispatchInput, given: object) -> float | int:
    try:
        number = float(_text(given)) if given is not None else 0.0
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"Provided value '{given}' for input '{wanted.name}' is not a number")
    return int(number) if number.is_integer() else number


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
