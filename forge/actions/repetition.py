"""What of an attempt runs again in the next one, and what is carried over with its results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from forge.actions import deployments, transitions
from forge.actions.models import Job, JobNode, Run, RunAttempt
from workflows.states import Conclusion, Status

_WELL = (Conclusion.SUCCESS, Conclusion.SKIPPED, Conclusion.NEUTRAL)


@dataclass
class Again:
    """Keys of nodes that run wholly again, legs of partly repeated ones by key, and the calling nodes of which
    something inside runs again."""

    whole: set[str] = field(default_factory=set)
    legs: dict[str, frozenset[int]] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.whole or self.legs)

    def partly(self, key: str) -> bool:
        """True when some of the node's legs run again and others do not."""
        return key in self.legs or key in self.inside


def failed(before: RunAttempt) -> Again:
    """The jobs that did not end well, and all that need them."""
    jobs = list(Job.objects.filter(attempt=before).select_related("node"))
    return _with_dependents(before, jobs, [one for one in jobs if one.conclusion not in _WELL])


def one(before: RunAttempt, job: Job) -> Again:
    """One job, which may be of an earlier attempt, and all that need it."""
    jobs = list(Job.objects.filter(attempt=before).select_related("node"))
    original = Job.objects.select_related("node").get(pk=job.pk)
    place = (original.node.key, original.leg)
    return _with_dependents(before, jobs, [each for each in jobs if (each.node.key, each.leg) == place])


def _with_dependents(before: RunAttempt, jobs: Sequence[Job], chosen: Sequence[Job]) -> Again:
    nodes = {node.key: node for node in JobNode.objects.filter(attempt=before).select_related("parent")}
    again = Again()
    for key in {one.node.key for one in chosen}:
        mine = [one for one in chosen if one.node.key == key]
        legs = {one.leg for one in mine}
        # A job that never became legs (its condition or a key of it failed) is decided anew as a whole.
        if any(one.label_set_id is None for one in mine) or legs == {one.leg for one in jobs if one.node.key == key}:
            again.whole.add(key)
        else:
            again.legs[key] = frozenset(legs)
    todo = [*again.whole, *again.legs]
    while todo:
        key = todo.pop()
        parent = nodes[key].parent
        if parent is not None and parent.key not in again.inside:
            again.inside.add(parent.key)
            todo.append(parent.key)
        for dependent in _needing(nodes.values(), key):
            if dependent not in again.whole:
                again.whole.add(dependent)
                again.legs.pop(dependent, None)
                todo.append(dependent)
    return again


def _needing(nodes: Iterable[JobNode], key: str) -> list[str]:
    return [node.key for node in nodes if key in node.needs]


def carry_over(run: Run, before: RunAttempt, roots: Sequence[JobNode], again: Again) -> None:
    """Fill the nodes of the new attempt with what does not run again. ``roots`` are those of the run's own file."""
    old = list(JobNode.objects.filter(attempt=before).select_related("parent").order_by("id"))
    fresh = {node.key: node for node in roots}
    for depth in range(1, 1 + max((node.key.count("/") for node in old), default=0)):
        _add_children(fresh, [node for node in old if node.key.count("/") == depth], again)
    carried = [node for node in old if node.key in fresh and node.key not in again.whole]
    for node in carried:
        copy = fresh[node.key]
        copy.expanded, copy.max_parallel = True, node.max_parallel
        # A failure that is carried over must not stop the legs that run again.
        copy.fail_fast = node.fail_fast and not again.partly(node.key)
        copy.calls = [{**leg, "cancelled": None} for leg in node.calls]
    changed = [fresh[node.key] for node in carried]
    JobNode.objects.bulk_update(changed, ["expanded", "max_parallel", "fail_fast", "calls"])
    jobs = Job.objects.filter(node__in=[node.pk for node in carried]).select_related("node").order_by("id")
    known = deployments.environments(run, (job.environment for job in jobs))
    made = transitions.add(run, [_next(run, fresh[job.node.key], job, again, known) for job in jobs])
    deployments.ask(run, known, made)


def _add_children(fresh: dict[str, JobNode], old: Sequence[JobNode], again: Again) -> None:
    """The nodes of called workflows, below those that are carried over."""
    rows = []
    for node in old:
        parent = node.parent
        if parent is None or parent.key not in fresh or parent.key in again.whole:
            continue
        above = fresh[parent.key]
        rows.append(
            JobNode(
                attempt_id=above.attempt_id,
                parent=above,
                leg=node.leg,
                key=node.key,
                position=node.position,
                needs=node.needs,
            )
        )
    fresh.update({node.key: node for node in JobNode.objects.bulk_create(rows)})


def _next(run: Run, node: JobNode, job: Job, again: Again, known: deployments.Environments) -> Job:
    """A job of the new attempt: one that waits for its turn, or the old one's result."""
    same = {
        "name": job.name,
        "matrix": job.matrix,
        "label_set_id": job.label_set_id,
        "file": job.file,
        "file_ref": job.file_ref,
        "file_sha": job.file_sha,
        "timeout_minutes": job.timeout_minutes,
        "cancel_timeout_minutes": job.cancel_timeout_minutes,
        "continue_on_error": job.continue_on_error,
        "groups": job.groups,
        "environment": job.environment,
    }
    if job.leg in again.legs.get(node.key, ()):
        status, more = deployments.beginning(run, known, job.environment, Status.PENDING)
        return transitions.new_job(node, run, job.leg, status, **same, **more)
    return transitions.new_job(
        node,
        run,
        job.leg,
        Status.COMPLETED,
        Conclusion(str(job.conclusion)),
        **same,
        carries_id=job.carries_id or job.pk,
        outputs=job.outputs,
        reason=job.reason,
        environment_url=job.environment_url,
        runner_id=job.runner_id,
        runner_name=job.runner_name,
        started_at=job.started_at,
        completed_at=job.completed_at,
        free=False,
    )
