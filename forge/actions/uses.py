"""The actions and workflows that a file uses, held against those that its repository allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forge.actions import gaps
from forge.repos import allowed_actions
from forge.repos.models import Repository
from workflows.errors import Problem
from workflows.model import Position, Step, Workflow


def forbidden(repository: Repository, workflow: Workflow) -> tuple[Problem, ...]:
    """A problem for each use that the repository (given with its owner) does not allow, in its file and in those that
    it calls. A file that uses nothing of others costs no query."""
    used = [(file.path, *one) for file in (workflow, *gaps.called(workflow).values()) for one in _used(file)]
    if not any(_is_of_others(name) for _, _, name in used):
        return ()
    rule = allowed_actions.of(repository)
    refused = ((path, at, rule.refusal(name)) for path, at, name in used)
    return tuple(Problem(path, at.line, at.column, why) for path, at, why in refused if why)


def _is_of_others(name: str) -> bool:
    return not name.startswith(("./", "docker://"))


def _used(workflow: Workflow) -> Iterator[tuple[Position, str]]:
    for job in workflow.jobs:
        if job.call is not None:
            yield job.position, job.call.uses
        yield from _of_steps(job.steps)


def _of_steps(steps: Sequence[Step]) -> Iterator[tuple[Position, str]]:
    for step in steps:
        if step.uses:
            yield step.position, step.uses
        yield from _of_steps(step.parallel)
