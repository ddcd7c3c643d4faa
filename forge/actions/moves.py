"""The moves of ``workflows.decide``, applied to the rows: a number of statements that does not grow with the jobs.

The caller holds the run's lock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models.functions import Now

from forge import storable
from forge.actions import definitions, deployments, places, snapshots, transitions, wakeup
from forge.actions.models import Claim, Job, JobNode, LabelSet, Run, RunAttempt
from forge.actions.places import Wish
from workflows.decide import Admit, Ask, AskCall, CallLeg, Cancel, End, Enter, Expand, Leg, Move, Queue
from workflows.states import Conclusion, Status

Kind = TypeVar("Kind")
_Asked = tuple[tuple[str, ...], str]  # labels and the name of a group, "" for none


def apply(run: Run, attempt: RunAttempt, moves: Sequence[Move]) -> bool:
    """Apply these; False when none of them changed anything."""
    begun = _begin(attempt, [move for move in moves if isinstance(move, Expand | Enter | End)])
    _enter(attempt, begun, _only(Enter, moves))
    wanted = deployments.environments(run, (leg.environment for move in _only(Expand, moves) for leg in move.legs))
    jobs = _expanded(run, begun, _only(Expand, moves), wanted) + _ended(run, attempt, begun, _only(End, moves))
    made = transitions.add(run, jobs) if jobs else []
    deployments.ask(run, wanted, made)
    for job in made:
        if job.status == Status.QUEUED:
            offer(job)
    admitted = transitions.admit(run, [move.job for move in _only(Admit, moves)])
    queued = [move.job for move in _only(Queue, moves)]
    released = transitions.queue(run, queued) if queued else []
    for job in released:
        offer(job)
    asked = _ask(run, attempt, moves)
    stopped = _cancel(run, attempt, _only(Cancel, moves))
    return bool(begun or admitted or released or asked or stopped)


def stop(run: Run, job: Job, reason: Mapping[str, Any], *, force: bool = False) -> bool:
    """Stop a job: at once when no runner works on it or when forced, else by asking its runner."""
    if force or job.status != Status.IN_PROGRESS:
        Job.objects.filter(pk=job.pk).update(cancel_forced=force)
        ended = transitions.complete(job, Conclusion.CANCELLED, reason)
        end_claims(run, [job.pk], "cancelled")
        return ended
    return _ask_to_stop([job.pk], reason) > 0


def end_claims(run: Run, jobs: Sequence[int], reason: str) -> None:
    """Nobody holds these jobs any more; their tokens open nothing from now on, and their runners hear of it."""
    live = list(Claim.objects.select_for_update().filter(job__in=jobs, ended_at=None).order_by("job"))
    if not live:
        return
    Claim.objects.filter(pk__in=[claim.pk for claim in live]).update(ended_at=Now(), end_reason=reason)
    forget_gone(run, live)
    for claim in live:
        wakeup.runner_changed(claim.runner_id)


def forget_gone(run: Run, claims: Sequence[Claim]) -> None:
    """Of claims that were ended by the server: which of them no group has to wait for."""
    waited_for = places.guarded(run)
    gone = [claim.pk for claim in claims if claim.started_at is None or not waited_for]
    Claim.objects.filter(pk__in=gone, gone_at=None).update(gone_at=Now())


def label_sets(wanted: Iterable[_Asked]) -> dict[_Asked, LabelSet]:
    """The rows of what jobs ask of a runner, lists of labels and names of groups, whatever their order and case."""
    keys = {asked: _label_key(*asked) for asked in wanted}
    found = {row.key: row for row in LabelSet.objects.filter(key__in=set(keys.values()))}
    missing = {key: asked for asked, key in keys.items() if key not in found}
    if missing:
        rows = [LabelSet(key=key, labels=list(labels), runner_group=group) for key, (labels, group) in missing.items()]
        LabelSet.objects.bulk_create(rows, ignore_conflicts=True)
        found |= {row.key: row for row in LabelSet.objects.filter(key__in=missing)}
    return {asked: found[key] for asked, key in keys.items()}


def offer(job: Job) -> None:
    """Wake a runner for a queued job."""
    if job.label_set is not None:
        asked = job.label_set
        wakeup.offer(asked.labels, job.repository_id, job.owner_id, asked.runner_group)


def _only(kind: type[Kind], moves: Sequence[Move]) -> list[Kind]:
    return [move for move in moves if isinstance(move, kind)]


def _label_key(labels: tuple[str, ...], group: str) -> str:
    """One text for what asks the same; with a group it is JSON, which no list of labels looks like."""
    small = sorted({label.lower() for label in labels})
    key = json.dumps({"group": group.lower(), "labels": small}) if group else "\n".join(small)
    return key if len(key) <= 1024 else hashlib.sha256(key.encode()).hexdigest()


def _begin(attempt: RunAttempt, moves: Sequence[Expand | Enter | End]) -> dict[str, JobNode]:
    """The nodes of these moves by key, marked as expanded; without those that were already."""
    if not moves:
        return {}
    keys = {move.key: move for move in moves}
    rows = {node.key: node for node in JobNode.objects.filter(attempt=attempt, key__in=keys, expanded=False)}
    for key, node in rows.items():
        move = keys[key]
        node.expanded = True
        if not isinstance(move, End):
            node.fail_fast, node.max_parallel = move.fail_fast, move.max_parallel
        if isinstance(move, Enter):
            node.calls = [_kept(leg) for leg in move.legs]
    JobNode.objects.bulk_update(rows.values(), ["expanded", "fail_fast", "max_parallel", "calls"])
    return rows


def _kept(leg: CallLeg) -> dict[str, Any]:
    said = {"name": leg.name, "inputs": leg.inputs, "matrix": leg.matrix}
    return {**storable.data(said), "groups": snapshots.kept_groups(leg.groups), "cancelled": None}


def _enter(attempt: RunAttempt, begun: Mapping[str, JobNode], moves: Sequence[Enter]) -> None:
    rows = [
        JobNode(
            attempt=attempt,
            parent=begun[move.key],
            leg=child.leg,
            key=child.key,
            position=position,
            needs=list(child.needs),
        )
        for move in moves
        if move.key in begun
        for position, child in enumerate(move.nodes)
    ]
    if rows:
        JobNode.objects.bulk_create(rows)


def _expanded(
    run: Run, begun: Mapping[str, JobNode], moves: Sequence[Expand], known: deployments.Environments
) -> list[Job]:
    fresh = [move for move in moves if move.key in begun]
    sets = label_sets({_asked(leg) for move in fresh for leg in move.legs}) if fresh else {}
    files = {move.key: definitions.file_of(run, move.key).columns for move in fresh}
    made = []
    for move in fresh:
        for leg in move.legs:
            status, more = deployments.beginning(run, known, leg.environment, _first_status(move, leg))
            said = {**_of_leg(leg, sets), **files[move.key], **more}
            made.append(transitions.new_job(begun[move.key], run, leg.index, status, **said))
    return made


def _first_status(move: Expand, leg: Leg) -> Status:
    held = bool(leg.groups) or (move.max_parallel is not None and leg.index >= move.max_parallel)
    return Status.PENDING if held else Status.QUEUED


def _asked(leg: Leg) -> _Asked:
    return tuple(storable.text(label) for label in leg.labels), storable.text(leg.runner_group)


def _of_leg(leg: Leg, sets: Mapping[_Asked, LabelSet]) -> dict[str, Any]:
    return {
        "name": storable.text(leg.name)[:255],
        "matrix": storable.data(leg.matrix),
        "label_set": sets[_asked(leg)],
        "timeout_minutes": leg.timeout_minutes,
        "cancel_timeout_minutes": leg.cancel_timeout_minutes,
        "continue_on_error": leg.continue_on_error,
        "groups": storable.data(snapshots.kept_groups(leg.groups)),
        "environment": storable.text(leg.environment)[:255],
    }


def _ended(run: Run, attempt: RunAttempt, begun: Mapping[str, JobNode], moves: Sequence[End]) -> list[Job]:
    return [
        transitions.new_job(
            begun[move.key],
            run,
            0,
            Status.COMPLETED,
            move.conclusion,
            name=storable.text(move.name)[:255],
            reason=storable.data(with_person(attempt, move.reason)),
            free=False,
        )
        for move in moves
        if move.key in begun
    ]


def _ask(run: Run, attempt: RunAttempt, moves: Sequence[Move]) -> bool:
    jobs = Job.objects.in_bulk([move.job for move in _only(Ask, moves)])
    calls = _only(AskCall, moves)
    callers = {node.key: node for node in JobNode.objects.filter(attempt=attempt, key__in={one.key for one in calls})}
    wishes = [Wish(snapshots.groups(job.groups), job=job) for _, job in sorted(jobs.items())]
    for one in calls:
        node = callers[one.key]
        wishes.append(Wish(snapshots.groups(node.calls[one.leg]["groups"]), node=node, leg=one.leg))
    places.ask(run, attempt, wishes)
    return bool(wishes)


def _cancel(run: Run, attempt: RunAttempt, moves: Sequence[Cancel]) -> bool:
    """Jobs to stop, those with one reason together."""
    by_reason: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for move in moves:
        reason = with_person(attempt, move.reason)
        by_reason.setdefault(repr(sorted(reason.items())), (reason, []))[1].append(move.job)
    changed = 0
    for reason, jobs in by_reason.values():
        ended = transitions.cancel(run, jobs, reason)
        end_claims(run, ended, "cancelled")
        changed += len(ended) + _ask_to_stop(jobs, reason)
    return changed > 0


def _ask_to_stop(jobs: Sequence[int], reason: Mapping[str, Any]) -> int:
    """Ask the runners of those that are in progress, and have not been asked; how many that were."""
    asked = Job.objects.filter(pk__in=jobs, status=Status.IN_PROGRESS, cancel_requested_at=None)
    runners = set(asked.filter(runner__isnull=False).values_list("runner", flat=True))
    count = asked.update(cancel_requested_at=Now(), cancel_reason=dict(reason))
    for runner in runners:
        wakeup.runner_changed(runner)
    return count


def with_person(attempt: RunAttempt, reason: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever cancelled the attempt is named in the reason of everything that ends because of it."""
    if attempt.cancel_requested_at is not None and reason.get("code") in ("cancelled", "run_cancelled"):
        return {**reason, **attempt.reason}
    return dict(reason)
