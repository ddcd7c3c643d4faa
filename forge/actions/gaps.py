"""What the language knows and the engine and the runner do not do yet.

A file that asks for it is refused before anything runs: better no run than one that does something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workflows.errors import Problem
from workflows.model import Job, Position, Step, Workflow

#: The events that start a run here. What only ``workflow_call`` names never starts by itself.
EVENTS = frozenset(
    (
        "create",
        "delete",
        "push",
        "repository_dispatch",
        "schedule",
        "workflow_call",
        "workflow_dispatch",
        "workflow_run",
    )
)
#: The actions that run without being fetched.
ACTIONS = frozenset(("actions/checkout",))

_NOT_YET = "'{}' is not supported by Forge yet"
_Gap = tuple[Position, str]


def gaps(workflow: Workflow) -> tuple[Problem, ...]:
    """A problem for each use of something that is not done yet, in file order; none when all of it runs. Those of
    called files stand behind the file's own."""
    problems = _problems(workflow, list(_of_triggers(workflow)))
    for inner in called(workflow).values():
        problems += _problems(inner, [])
    return tuple(problems)


def _of_triggers(workflow: Workflow) -> Iterator[_Gap]:
    for trigger in workflow.on:
        if trigger.event not in EVENTS:
            yield trigger.position, _NOT_YET.format(trigger.event)
        for schedule in trigger.schedules:
            if schedule.timezone and not _is_zone(schedule.timezone):
                yield schedule.position, f"There is no time zone '{schedule.timezone}'"


def _problems(workflow: Workflow, more: list[_Gap]) -> list[Problem]:
    found = sorted([*more, *_of_workflow(workflow)], key=lambda gap: (gap[0].line, gap[0].column))
    return [Problem(workflow.path, at.line, at.column, message) for at, message in found]


def called(workflow: Workflow) -> dict[str, Workflow]:
    """Every file that a workflow calls, directly or not, once."""
    return _called(workflow, {})


def _called(workflow: Workflow, known: dict[str, Workflow]) -> dict[str, Workflow]:
    for job in workflow.jobs:
        inner = job.call.workflow if job.call else None
        if inner is not None and inner.path not in known:
            known[inner.path] = inner
            _called(inner, known)
    return known


def _of_workflow(workflow: Workflow) -> Iterator[_Gap]:
    for position in workflow.expression_keys:
        yield position, _NOT_YET.format("${{ insert }}")
    for job in workflow.jobs:
        yield from _of_job(job)


def _is_zone(name: str) -> bool:
    """Whether this machine's database of time zones has one of the name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # none; no name; a folder of the database
        return False
    return True


def _of_job(job: Job) -> Iterator[_Gap]:
    if job.snapshot:
        yield job.snapshot.position, _NOT_YET.format("snapshot")
    for step in job.steps:
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[_Gap]:
    if step.uses and step.uses.partition("@")[0].lower() not in ACTIONS:
        yield step.position, _NOT_YET.format(f"uses: {step.uses}")
    for inner in step.parallel:
        yield from _of_step(inner)
