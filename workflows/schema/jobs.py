"""``jobs:``: a job, its steps and everything in them."""

from __future__ import annotations

from workflows.schema import contexts
from workflows.schema.rules import (
    Key,
    Place,
    Shape,
    condition,
    flag,
    form,
    many,
    number,
    one_or_many,
    required,
    shape,
    table,
    text,
    words,
)

_NAME = text(non_empty=True)
_STEP_TEXT = text(contexts.STEP)
_STEP_TABLE = table(text(), contexts.STEP)

_READ_WRITE = words("read", "write", "none")
_READ = words("read", "none")
_WRITE = words("write", "none")

#: The words of ``permissions``, and the levels that each knows.
PERMISSIONS: dict[str, Place] = {
    "actions": _READ_WRITE,
    "artifact-metadata": _READ_WRITE,
    "attestations": _READ_WRITE,
    "checks": _READ_WRITE,
    "code-quality": _READ_WRITE,
    "contents": _READ_WRITE,
    "copilot-requests": _WRITE,
    "deployments": _READ_WRITE,
    "discussions": _READ_WRITE,
    "drives": _READ_WRITE,
    "id-token": _WRITE,
    "issues": _READ_WRITE,
    "models": _READ,
    "packages": _READ_WRITE,
    "pages": _READ_WRITE,
    "pull-requests": _READ_WRITE,
    "repository-projects": _READ_WRITE,
    "security-events": _READ_WRITE,
    "statuses": _READ_WRITE,
    "vulnerability-alerts": _READ,
}
PERMISSION = Place(
    text=True,
    words=("read-all", "write-all"),
    shapes=(Shape({name: Key(place) for name, place in PERMISSIONS.items()}),),
)

_GROUP = form(group=required(_NAME), cancel_in_progress=flag(), queue=words("single", "max"))
WORKFLOW_CONCURRENCY = Place(text=True, shapes=(_GROUP,), context=contexts.WORKFLOW)
_JOB_CONCURRENCY = Place(text=True, non_empty=True, shapes=(_GROUP,), context=contexts.JOB)

_VECTOR = Place(items=Place(anything=True))
_MATRIX_ITEM = Place(shapes=(Shape(loose=Place(anything=True)),))
_MATRIX_FILTER = Place(items=_MATRIX_ITEM)
_MATRIX = Place(
    shapes=(Shape({"include": Key(_MATRIX_FILTER), "exclude": Key(_MATRIX_FILTER)}, loose=_VECTOR),),
)
_STRATEGY = shape(contexts.NEEDS, fail_fast=flag(), max_parallel=number(), matrix=_MATRIX)

_CONTAINER = form(
    image=_NAME,
    options=text(),
    env=table(text(contexts.RUNNER)),
    ports=many(_NAME),
    volumes=many(_NAME),
    credentials=shape(contexts.CREDENTIALS, username=_NAME, password=_NAME),
)
_SERVICE = Shape({**_CONTAINER.keys, "entrypoint": Key(text()), "command": Key(text())})
_ENVIRONMENT = Place(
    text=True,
    shapes=(form(name=required(text()), url=text(contexts.RUNNER_NO_SECRETS), deployment=flag()),),
    context=contexts.JOB,
)
_SNAPSHOT = Place(
    text=True,
    non_empty=True,
    shapes=(Shape({"image-name": required(_NAME), "if": Key(condition(contexts.SNAPSHOT_IF)), "version": Key(_NAME)}),),
    context=contexts.JOB,
)
_RUNS_ON = Place(
    text=True,
    non_empty=True,
    items=_NAME,
    shapes=(form(group=_NAME, labels=one_or_many(_NAME)),),
    context=contexts.JOB,
)
_DEFAULTS_RUN = form(shell=_NAME, working_directory=_NAME)
WORKFLOW_DEFAULTS = shape(run=Place(shapes=(_DEFAULTS_RUN,)))
_JOB_DEFAULTS = shape(run=Place(shapes=(_DEFAULTS_RUN,), context=contexts.JOB_DEFAULTS))

_STEP_KEYS: dict[str, Key] = {
    "name": Key(_STEP_TEXT),
    "id": Key(_NAME),
    "if": Key(condition(contexts.STEP_IF)),
    "timeout-minutes": Key(number(contexts.STEP)),
    "continue-on-error": Key(flag(contexts.STEP)),
    "env": Key(_STEP_TABLE),
    "background": Key(flag()),
}
_CONTROL_KEYS = {name: _STEP_KEYS[name] for name in ("name", "id", "continue-on-error")}


def _control(name: str, value: Place) -> Shape:
    return Shape({**_CONTROL_KEYS, name: Key(value, required=True)}, hinted=False)


def _steps(depth: int) -> Place:
    """The list of steps; ``parallel`` may nest a few deep, which is more than its own rules allow."""
    run = {"run": required(_STEP_TEXT), "working-directory": Key(_STEP_TEXT), "shell": Key(_NAME)}
    shapes = [
        Shape({**_STEP_KEYS, **run}),
        Shape({**_STEP_KEYS, "uses": required(_NAME), "with": Key(_STEP_TABLE)}),
        _control("wait", one_or_many(_NAME)),
        _control("wait-all", Place(null=True, flag=True)),
        _control("cancel", _NAME),
    ]
    if depth:
        shapes.append(Shape({"parallel": Key(_steps(depth - 1), required=True)}))
    return many(Place(shapes=tuple(shapes)))


_NEEDS = one_or_many(_NAME)
_COMMON: dict[str, Key] = {
    "name": Key(text(contexts.JOB)),
    "needs": Key(_NEEDS),
    "if": Key(condition(contexts.JOB_IF)),
    "permissions": Key(PERMISSION),
    "concurrency": Key(_JOB_CONCURRENCY),
    "strategy": Key(_STRATEGY),
}
_FACTORY = Shape(
    {
        **_COMMON,
        "runs-on": required(_RUNS_ON),
        "timeout-minutes": Key(number(contexts.JOB)),
        "cancel-timeout-minutes": Key(number(contexts.JOB)),
        "continue-on-error": Key(flag(contexts.JOB)),
        "container": Key(Place(text=True, shapes=(_CONTAINER,), context=contexts.JOB)),
        "services": Key(
            table(Place(text=True, non_empty=True, shapes=(_SERVICE,), context=contexts.JOB), contexts.JOB)
        ),
        "env": Key(table(text(), contexts.JOB_ENV)),
        "environment": Key(_ENVIRONMENT),
        "outputs": Key(table(text(contexts.RUNNER))),
        "defaults": Key(_JOB_DEFAULTS),
        "steps": Key(_steps(2)),
        "snapshot": Key(_SNAPSHOT),
    }
)
_SCALAR = Place(text=True, flag=True, number=True, context=contexts.JOB)
_CALL = Shape(
    {
        **_COMMON,
        "uses": Key(_NAME, required=True),
        "with": Key(table(_SCALAR)),
        "secrets": Key(
            Place(
                text=True,
                words=("inherit",),
                shapes=(Shape(loose=Place(text=True, flag=True, number=True, context=contexts.JOB_ENV)),),
            )
        ),
    }
)
JOB = Place(shapes=(_FACTORY, _CALL))
JOBS = table(JOB)
