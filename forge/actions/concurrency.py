"""Who has a concurrency group, and what becomes of the others.

The group's row is locked first, then the run that gets the group; so two that ask at once are decided one after the
other. What follows for other runs (a newer one takes their place) is written down as a verdict and carried out in a
transaction of its own; the sweep finds what is left of any of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from forge.actions import advance, cancel, moves, reasons, repeat, transitions
from forge.actions.models import ConcurrencyGroup, Job, JobNode, Place
from workflows.decide import groups
from workflows.decide.groups import Asker, Line
from workflows.states import Hold, Status

State = Place.State
_TAKEN = (State.HOLDING, State.LEAVING)
_ALL = ("run", "node", "job__node")
#: Places of a circle that are looked at; longer ones wait for a person.
MOST_STEPS = 200


def settle(group_id: int) -> None:
    """Decide who has the group now, and carry out what follows for those that have not. Safe to repeat."""
    while _settle(group_id):
        pass  # whoever was to get it had gone meanwhile
    due = Place.objects.filter(group=group_id, verdict_due=True).order_by("id")
    for place in list(due.values_list("pk", flat=True)):
        carry_out(place)


@repeat.on_deadlock
def carry_out(place_id: int) -> bool:
    """Stop whoever has this place, as was decided. False when that is done, or it is over."""
    run_id = Place.objects.filter(pk=place_id).values_list("run", flat=True).first()
    if run_id is None:
        return False
    with transaction.atomic():
        run = transitions.lock(run_id)
        place = Place.objects.select_related("job", "node", "attempt").filter(pk=place_id, verdict_due=True).first()
        if place is None:
            return False
        Place.objects.filter(pk=place.pk).update(verdict_due=False)
        if place.attempt.status == Status.COMPLETED or run.latest_attempt is None:
            return False
        if place.job is not None:
            job = Job.objects.select_for_update(no_key=True).get(pk=place.job.pk)
            if job.status != Status.COMPLETED:
                moves.stop(run, job, place.verdict)
        elif place.node is not None:
            calls = [dict(leg) for leg in place.node.calls]
            calls[place.leg]["cancelled"] = calls[place.leg].get("cancelled") or place.verdict
            JobNode.objects.filter(pk=place.node.pk).update(calls=calls)
        else:
            cancel.request(run.latest_attempt, place.verdict)
        advance.locked(run)
    return True


def sweep() -> None:
    """Groups and verdicts whose nudge was lost, and groups whose holder cannot be running any more."""
    taken = Place.objects.filter(group=OuterRef("group"), state__in=_TAKEN)
    waiting = Place.objects.filter(~Exists(taken) | Q(considered=False), state=State.WAITING).order_by("id")
    leaving = Place.objects.filter(state=State.LEAVING, release_at__lte=Now()).order_by("release_at")
    due = Place.objects.filter(verdict_due=True).order_by("id")
    found = {group for rows in (waiting, leaving, due) for group in rows.values_list("group", flat=True)[:200]}
    for group in sorted(found):
        settle(group)


@repeat.on_deadlock
def _settle(group_id: int) -> bool:
    """True when the one that was to get the group had gone, so that the next one may."""
    with transaction.atomic():
        group = ConcurrencyGroup.objects.select_for_update(no_key=True).filter(pk=group_id).first()
        if group is None:
            return False
        Place.objects.filter(group=group, state=State.LEAVING, release_at__lte=Now()).delete()
        rows = list(Place.objects.filter(group=group).exclude(state=State.REFUSED).select_related(*_ALL).order_by("id"))
        holder = next((place for place in rows if place.state in _TAKEN), None)
        waiting = [place for place in rows if place.state == State.WAITING]
        if not waiting:
            return False
        line = groups.settle(None if holder is None else _asker(holder), [_asker(place) for place in waiting])
        granted = next((place for place in waiting if place.pk == line.grant), None)
        # The run's lock is taken before any place is written: whoever gives one back has its run and waits for the row.
        if granted is not None and not _grant(granted):
            return True
        Place.objects.filter(pk__in=[place.pk for place in waiting], considered=False).update(considered=True)
        _refuse(group, waiting, line)
        now = granted or holder
        if now is not None:
            _break_circles(group, [one for one in waiting if one != granted and one.pk not in line.refused], now)
        if line.stops_holder is not None and now is not None and now.state == State.HOLDING:
            newer = next(place for place in waiting if place.pk == line.stops_holder)
            _judge([now.pk], _superseded(group, newer))
    return False


def _asker(place: Place) -> Asker:
    return Asker(place.pk, place.cancel_in_progress, place.queue, place.ref, place.ref_sequence)


def _grant(place: Place) -> bool:
    run = transitions.lock(place.run_id)
    if not Place.objects.filter(pk=place.pk, state=State.WAITING).update(state=State.HOLDING):
        return False
    place.state = State.HOLDING
    attempt = run.latest_attempt
    whole = place.job_id is None and place.node_id is None
    if whole and attempt is not None and attempt.pk == place.attempt_id and attempt.hold == Hold.CONCURRENCY:
        transitions.release(attempt)
    advance.locked(run)
    return True


def _refuse(group: ConcurrencyGroup, waiting: Sequence[Place], line: Line) -> None:
    by_id = {place.pk: place for place in waiting}
    for place, newer in line.refused.items():
        if newer is None:
            _judge([place], {"code": "queue_full", "group": group.name}, State.REFUSED)
        else:
            found = by_id.get(newer) or Place.objects.select_related(*_ALL).get(pk=newer)
            _judge([place], _superseded(group, found), State.REFUSED)


def _superseded(group: ConcurrencyGroup, newer: Place) -> dict[str, Any]:
    return {"code": "superseded", "group": group.name, "newer": reasons.named(newer)}


def _judge(places: Sequence[int], verdict: Mapping[str, Any], state: Place.State | None = None) -> None:
    """Write a verdict down; one that stands is not changed."""
    rows = Place.objects.filter(pk__in=places, verdict={})
    rows.update(verdict=dict(verdict), verdict_due=True, **({} if state is None else {"state": state}))


# --- circles --------------------------------------------------------------------------------------


def _break_circles(group: ConcurrencyGroup, waiting: Sequence[Place], holder: Place) -> None:
    """Whoever waits for something that itself waits for what the first one holds would wait forever: it is stopped."""
    for place in waiting:
        held = _held_around(place)
        if held and _waits_for(holder, held):
            _judge(
                [place.pk], {"code": "deadlock", "group": group.name, "holder": reasons.named(holder)}, State.REFUSED
            )


def _held_around(place: Place) -> set[int]:
    """The places that are held as long as this one's owner is not over."""
    rows = Place.objects.filter(attempt=place.attempt_id, state=State.HOLDING).select_related("node")
    key = _key(place)
    return {one.pk for one in rows if one.pk != place.pk and _encloses(one, key)}


def _key(place: Place) -> str:
    """Where in the tree of nodes a place stands; empty for a whole attempt."""
    if place.job is not None:
        return place.job.node.key
    return f"{place.node.key}.{place.leg}/" if place.node is not None else ""


def _encloses(outer: Place, key: str) -> bool:
    return outer.job_id is None and key.startswith(_key(outer))


def _waits_for(holder: Place, held: set[int]) -> bool:
    todo, seen = [holder], {holder.pk}
    while todo and len(seen) < MOST_STEPS:
        one = todo.pop()
        if one.pk in held:
            return True
        if one.job_id is not None:
            continue  # a job that has its group waits for nothing any more
        inner = Place.objects.filter(attempt=one.attempt_id, state=State.WAITING).select_related(*_ALL)
        wanted = {place.group_id for place in inner if _encloses(one, _key(place))}
        for found in Place.objects.filter(group__in=wanted, state__in=_TAKEN).select_related(*_ALL):
            if found.pk not in seen:
                seen.add(found.pk)
                todo.append(found)
    return False
