"""An event and a parsed file to a run, its attempt and its nodes.

Everything here is written in the caller's transaction; numbers come from counters whose rows are locked
in the order repository, workflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet

from forge import returning, storable
from forge.actions import contexts, places, transitions, uses, wakeup, workflow_runs
from forge.actions.models import Event, JobNode, Run, RunAttempt, Workflow
from forge.actions.places import Wish
from forge.actions.sources import File
from forge.repos import git
from forge.repos.models import Repository
from forge.vault import visible
from workflows import expressions
from workflows import model as language
from workflows.decide import Group, groups
from workflows.errors import ExpressionError, Problem, WrongValue
from workflows.states import Hold


@dataclass(frozen=True)
class Plan:
    """What one file makes of an event: a run, or a visible startup failure with its problems."""

    file: File
    name: str
    workflow: language.Workflow | None
    problems: tuple[Problem, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parent: Run | None = None


def make(event: Event, row: Workflow, plan: Plan, commit: Mapping[str, Any]) -> Run:
    """Write the run. The event's repository is locked by the counter that this moves."""
    run = _run(event, row, plan, commit)
    attempt, _ = begin(run, plan.workflow, plan.problems, triggering_actor=event.actor)
    named = _run_name(run, attempt, plan)
    if named:
        run.title = named
        run.save(update_fields=["title"])
    workflow_runs.announce(attempt, "requested")
    if attempt.hold == Hold.STARTUP_FAILURE:
        workflow_runs.announce(attempt, "completed")
        # Nothing will advance it, so nothing else says that it is there.
        wakeup.run_changed(run.pk, run.repository_id, run.actor_id)
    return run


def begin(
    run: Run, workflow: language.Workflow | None, problems: Sequence[Problem] = (), **more: Any
) -> tuple[RunAttempt, list[JobNode]]:
    """A new attempt with a node for each job key of the file, none of them expanded yet. It is held where the file
    names a concurrency group, and failed where the file cannot be used, names an action that the repository does not
    allow, or its group cannot be told."""
    wanted: tuple[Group, ...] = ()
    more = {"number": 1, "variables": visible.variables(run.repository), **more}
    seen = contexts.of_attempt(run, RunAttempt(**more))
    if workflow is not None and (forbidden := uses.forbidden(run.repository, workflow)):
        problems, workflow = forbidden, None
    if workflow is not None:
        try:
            wanted = groups.evaluate(seen, workflow.concurrency)
        except (ExpressionError, WrongValue) as error:
            problems, workflow = (_of_concurrency(workflow, error),), None
    hold = Hold.STARTUP_FAILURE if workflow is None else Hold.CONCURRENCY if wanted else Hold.NONE
    attempt = transitions.new_attempt(
        run,
        hold=hold,
        problems=[_wire(problem) for problem in problems],
        reason={} if workflow else {"code": "startup_failure"},
        **more,
    )
    rows = _nodes(attempt, workflow) if workflow else []
    places.ask(run, attempt, [Wish(wanted)] if wanted else [])
    return attempt, rows


def _of_concurrency(workflow: language.Workflow, error: ExpressionError | WrongValue) -> Problem:
    at = workflow.concurrency.position if workflow.concurrency else language.Position()
    return Problem(workflow.path, at.line, at.column, f"Error when evaluating 'concurrency'. {error}")


def _nodes(attempt: RunAttempt, workflow: language.Workflow) -> list[JobNode]:
    return JobNode.objects.bulk_create(
        [
            JobNode(attempt=attempt, key=job.id, position=position, needs=list(job.needs))
            for position, job in enumerate(workflow.jobs)
        ]
    )


def row_of(repository: Repository, path: str, name: str) -> Workflow:
    """The workflow's row, made when the file is first seen."""
    row, _ = Workflow.objects.get_or_create(
        repository=repository, path=kept_path(path), defaults={"name": storable.text(name) or path}
    )
    return row


def kept_path(path: str) -> str:
    """A file's path as its workflow's row has it."""
    return path[:255]


def _run(event: Event, row: Workflow, plan: Plan, commit: Mapping[str, Any]) -> Run:
    repository, name = event.repository, plan.name or row.path
    index, number = _numbers(repository, row)
    fixed = contexts.github(event, repository, path=row.path, workflow_name=name, sha=commit["id"])
    return Run.objects.create(
        repository=repository,
        workflow=row,
        event=event,
        source=plan.file.source(),
        called=[one.kept() for one in plan.file.called],
        parent=plan.parent,
        run_number=number,
        run_index=index,
        workflow_name=storable.text(name)[:255],
        title=(_of_event(event, commit) or name)[:1024],
        event_name=event.name,
        ref=event.ref,
        head_branch=fixed["ref_name"],
        head_sha=commit["id"],
        head_commit=storable.data(dict(commit)),
        contexts=storable.data({"github": fixed, "inputs": dict(plan.inputs)}),
        actor_id=event.actor_id,
    )


def _numbers(repository: Repository, row: Workflow) -> tuple[int, int]:
    """run_index and run_number; the counters' rows stay locked until the transaction ends."""
    index = _count(Repository.objects.filter(pk=repository.pk), "last_run_index")
    return index, _count(Workflow.objects.filter(pk=row.pk), "last_run_number")


def _count(row: QuerySet[Any], counter: str) -> int:
    found = returning.update(row, counter, **{counter: F(counter) + 1, "run_count": F("run_count") + 1})
    if found is None:
        raise row.model.DoesNotExist
    return int(found[0])


def _run_name(run: Run, attempt: RunAttempt, plan: Plan) -> str:
    """``run-name`` where the file gives one and it evaluates, else nothing."""
    named = plan.workflow.run_name if plan.workflow else None
    try:
        text = expressions.render(named, contexts.of_attempt(run, attempt)).strip() if named else ""
    except ExpressionError:
        text = ""
    return storable.text(text)[:1024]


def _of_event(event: Event, commit: Mapping[str, Any]) -> str:
    """What an event says of itself in a title; nothing for most of them."""
    if event.name == "push":
        return storable.text(git.subject(commit.get("message", "")))
    return storable.text(str(event.payload.get("action", ""))) if event.name == "repository_dispatch" else ""


def _wire(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": storable.text(problem.text),
    }


def problems_of(path: str, messages: Sequence[str]) -> tuple[Problem, ...]:
    """Findings that have no place in a file."""
    return tuple(Problem(path, 0, 0, message) for message in messages)
