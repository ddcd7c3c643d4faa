"""A calling job to the nodes of the workflow that it calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows import inputs
from workflows.decide import groups
from workflows.decide.expansion import CannotEvaluate, groups_of, legs
from workflows.decide.snapshot import CallLeg, Enter, Group, NodeState
from workflows.errors import ExpressionError, InvalidInputs, WrongValue
from workflows.model import Interface, Job, Workflow

_UNRESOLVED = "The called workflow '{}' is not known"


def enter(node: NodeState, job: Job, contexts: Mapping[str, object], caller: str = "") -> Enter:
    """The legs of a calling job, each with its inputs and the nodes of what it calls. Raises CannotEvaluate.

    ``caller`` is the name of the leg that calls the workflow of this job.
    """
    call = job.call
    assert call is not None
    if call.workflow is None:
        raise CannotEvaluate(job.id, "uses", _UNRESOLVED.format(call.uses))
    made = legs(job, contexts)
    found = []
    for index, (combination, name, of_leg) in enumerate(made.each):
        try:
            given = inputs.for_call(call, call.workflow.interface or Interface(), {**contexts, **of_leg})
        except InvalidInputs as error:
            raise CannotEvaluate(job.id, "with", str(error)) from error
        seen = {**contexts, **of_leg}
        wanted = groups.different((*groups_of(job, seen), *_own_groups(job.id, call.workflow, contexts, given)))
        found.append(
            CallLeg(index, f"{caller} / {name}" if caller else name, given, combination, wanted, groups.gate(wanted))
        )
    nodes = tuple(child for leg in found for child in _children(node.key, leg.index, call.workflow))
    return Enter(node.key, tuple(found), nodes, made.fail_fast, made.max_parallel)


def _own_groups(
    job: str, called: Workflow, contexts: Mapping[str, object], given: Mapping[str, object]
) -> tuple[Group, ...]:
    """The group that the called file itself names, evaluated with what it was given."""
    try:
        return groups.evaluate({**contexts, "inputs": given}, called.concurrency)
    except ExpressionError as error:
        raise CannotEvaluate(job, "concurrency", error.message) from error
    except WrongValue as error:
        raise CannotEvaluate(job, "concurrency", str(error)) from error


def _children(parent: str, leg: int, called: Workflow) -> Iterable[NodeState]:
    scope = f"{parent}.{leg}/"
    for job in called.jobs:
        yield NodeState(scope + job.id, tuple(scope + need for need in job.needs), parent=parent, leg=leg)
