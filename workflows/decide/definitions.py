"""What the files say of a job that is handed out: its own, and those of all that call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from workflows import expressions
from workflows.decide.expansion import leg_contexts
from workflows.decide.needs import View
from workflows.decide.snapshot import NodeState, Snapshot
from workflows.model import Job, Workflow
from workflows.permissions import said


@dataclass(frozen=True)
class Definition:
    """A job of the file that it stands in. ``permissions`` is what each file from the run's own down says of
    GITHUB_TOKEN for it (the job's word before the file's), None where it says nothing."""

    workflow: Workflow
    job: Job
    permissions: tuple[Mapping[str, str] | None, ...]


def definition(workflow: Workflow, key: str) -> Definition:
    """The job behind a node's key, in the run's own file or in one that it calls; KeyError when there is none."""
    *callers, name = key.split("/")
    here, levels = workflow, []
    for caller in callers:
        job = here.job(caller.rpartition(".")[0])
        levels.append(said(job.permissions, here.permissions))
        if job.call is None or job.call.workflow is None:
            raise KeyError(key)
        here = job.call.workflow
    job = here.job(name)
    return Definition(here, job, (*levels, said(job.permissions, here.permissions)))


def secrets(snapshot: Snapshot, key: str, known: Mapping[str, str]) -> dict[str, str]:
    """The secrets that a job sees: all that are ``known`` in the run's own file; in a called one those that its caller
    hands on, evaluated with what the caller sees. Raises ExpressionError."""
    view = View(snapshot)
    seen = dict(known)
    chain = _chain(view, view.nodes[key])
    for node, inner in pairwise(chain):
        call = view.job(node).call
        assert call is not None
        if call.inherits_secrets:
            continue
        leg = node.calls[inner.leg]
        of_leg = leg_contexts(leg.matrix, leg.index, len(node.calls), node.fail_fast, node.max_parallel)
        contexts = {**view.contexts(node), **of_leg, "secrets": seen}
        seen = {name: expressions.render(value, contexts) for name, value in call.secrets.items()}
    return seen


def _chain(view: View, node: NodeState) -> list[NodeState]:
    """From the node of the run's own file down to this one."""
    chain = [node]
    while chain[0].parent is not None:
        chain.insert(0, view.nodes[chain[0].parent])
    return chain
