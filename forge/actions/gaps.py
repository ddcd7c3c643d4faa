"""What the language knows and the engine and the runner do not do yet.

A file that asks for it is refused before anything runs: better no run than one that does something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflows.errors import Problem
from workflows.model import Job, Position, Step, Strategy, Table, Workflow

#: The events that start a run here.
EVENTS = frozenset(("push", "workflow_dispatch"))
#: The actions that run without being fetched.
ACTIONS = frozenset(("actions/checkout",))

_NOT_YET = "'{}' is not supported by Forge yet"
_Gap = tuple[Position, str]


def gaps(workflow: Workflow) -> tuple[Problem, ...]:
    """A problem for each use of something that is not done yet, in file order; none when all of it runs."""
    found = sorted(_of_workflow(workflow), key=lambda gap: (gap[0].line, gap[0].column))
    return tuple(Problem(workflow.path, at.line, at.column, message) for at, message in found)


def _of_workflow(workflow: Workflow) -> Iterator[_Gap]:
    for trigger in workflow.on:
        if trigger.event not in EVENTS:
            yield trigger.position, _NOT_YET.format(trigger.event)
    if workflow.concurrency:
        yield workflow.concurrency.position, _NOT_YET.format("concurrency")
    for position in workflow.expression_keys:
        yield position, _NOT_YET.format("${{ insert }}")
    yield from _of_table(workflow.env, Position(1, 1))
    for job in workflow.jobs:
        yield from _of_job(job)


def _of_table(table: Table, position: Position) -> Iterator[_Gap]:
    if isinstance(table, str):
        yield position, f"'{table}' in place of a mapping or a list is not supported by Forge yet"
        return
    for name in table:
        if "${{" in name:
            yield position, _NOT_YET.format(name)


def _of_job(job: Job) -> Iterator[_Gap]:
    if job.call:
        yield job.call.position, _NOT_YET.format("uses")
    for name, feature in (
        ("concurrency", job.concurrency),
        ("container", job.container),
        ("environment", job.environment),
        ("snapshot", job.snapshot),
    ):
        if feature:
            yield feature.position, _NOT_YET.format(name)
    if job.services:
        yield _first_service(job), _NOT_YET.format("services")
    for name, given in (
        ("group", job.runner_group),
        ("cancel-timeout-minutes", job.cancel_timeout_minutes),
    ):
        if given:
            yield job.position, _NOT_YET.format(name)
    yield from _of_table(job.env, job.position)
    yield from _of_table(job.outputs, job.position)
    yield from _of_strategy(job.strategy, job.position)
    for step in job.steps:
        yield from _of_step(step)


def _first_service(job: Job) -> Position:
    services = () if isinstance(job.services, str) else job.services.values()
    return next((service.position for service in services), job.position)


def _of_strategy(strategy: Strategy | str | None, position: Position) -> Iterator[_Gap]:
    if isinstance(strategy, str):
        yield from _of_table(strategy, position)
    elif strategy is not None:
        for name in _expression_keys(strategy.matrix):
            yield position, _NOT_YET.format(name)


def _expression_keys(value: object) -> Iterator[str]:
    """The keys with expressions anywhere in a matrix."""
    if isinstance(value, Mapping):
        yield from (name for name in value if "${{" in name)
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _expression_keys(item)


def _of_step(step: Step) -> Iterator[_Gap]:
    for name, given in (
        ("background", step.background),
        ("wait", step.wait),
        ("wait-all", step.wait_all),
        ("cancel", step.cancel),
        ("parallel", step.parallel),
    ):
        if given:
            yield step.position, _NOT_YET.format(name)
    if step.uses and step.uses.partition("@")[0].lower() not in ACTIONS:
        yield step.position, _NOT_YET.format(f"uses: {step.uses}")
    yield from _of_table(step.env, step.position)
    yield from _of_table(step.with_, step.position)
