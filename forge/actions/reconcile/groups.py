"""Rules of concurrency groups: who has one, and who waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from django.db.models.functions import Now

from forge.actions.models import JobNode, Place, RunAttempt
from forge.actions.reconcile.rule import OVERDUE, Breach, Rule
from forge.actions.reconcile.run_rows import RunRows
from workflows import decide
from workflows.states import Hold, Status

State = Place.State
_TAKEN = (State.HOLDING, State.LEAVING)


class GroupRows:
    """Some groups with the places in them, after whoever was next has got his turn."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.ids = sorted(set(ids))

    @cached_property
    def places(self) -> dict[int, list[Place]]:
        """Of each group, in the order in which they were asked for."""
        found: dict[int, list[Place]] = defaultdict(list)
        for place in Place.objects.filter(group__in=self.ids).order_by("pk"):
            found[place.group_id].append(place)
        return found


def _one_holder(rows: GroupRows) -> Iterator[Breach]:
    for group, places in rows.places.items():
        taken = [place.pk for place in places if place.state in _TAKEN]
        if len(taken) > 1:
            yield *_group(group), {"places": taken}


def _holder_missing(rows: GroupRows) -> Iterator[Breach]:
    for group, places in rows.places.items():
        waiting = [place.pk for place in places if place.state == State.WAITING]
        if waiting and not any(place.state in _TAKEN for place in places):
            yield *_group(group), {"waiting": waiting}


def _never_free(rows: GroupRows) -> Iterator[Breach]:
    late = Place.objects.filter(group__in=rows.ids, state=State.LEAVING, release_at__lt=Now() - OVERDUE)
    for place in late.order_by("pk"):
        yield *_group(place.group_id), {"place": place.pk, "since": str(place.release_at)}


def _verdicts(rows: GroupRows) -> Iterator[Breach]:
    for group, places in rows.places.items():
        for place in places:
            if place.verdict_due:
                yield f"place:{place.pk}", f"group:{group}", {"verdict": place.verdict}


def _group(group: int) -> tuple[str, str]:
    return f"group:{group}", f"group:{group}"


# --- of runs --------------------------------------------------------------------------------------


def _kept_places(rows: RunRows) -> Iterator[Breach]:
    """Who is over has given back its place, or leaves it as soon as its runner has gone."""
    for attempt in rows.every_attempt():
        jobs = {job.pk: job for job in rows.of_attempt[attempt.pk]}
        for place in rows.places[attempt.pk]:
            if place.state == State.LEAVING:
                continue
            over = attempt.status == Status.COMPLETED
            if place.job_id is not None:
                over |= place.job_id not in jobs or jobs[place.job_id].status == Status.COMPLETED
            elif place.node_id is not None and not over:
                over = _leg_over(rows, attempt, place)
            if over:
                yield f"place:{place.pk}", f"run:{attempt.run_id}", {"group": place.group_id, "state": place.state}


def _leg_over(rows: RunRows, attempt: RunAttempt, place: Place) -> bool:
    snapshot = rows.snapshot(attempt)
    key = next((node.key for node in rows.nodes[attempt.pk] if node.pk == place.node_id), None)
    return snapshot is not None and (key is None or decide.leg_done(snapshot, key, place.leg))


def _held_attempts(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if attempt.status == Status.COMPLETED:
            continue
        whole = [one.state for one in rows.places[attempt.pk] if one.job_id is None and one.node_id is None]
        waits = any(state != State.HOLDING for state in whole)
        if (attempt.hold == Hold.CONCURRENCY) != waits:
            yield f"attempt:{attempt.pk}", f"run:{attempt.run_id}", {"hold": attempt.hold, "places": whole}


def _running_jobs(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        held = Counter(one.job_id for one in rows.places[attempt.pk] if one.state == State.HOLDING)
        for job in rows.of_attempt[attempt.pk]:
            runs = job.status in (Status.QUEUED, Status.IN_PROGRESS)
            if runs and held[job.pk] != len(job.groups):
                yield f"job:{job.pk}", f"run:{attempt.run_id}", {"groups": job.groups, "held": held[job.pk]}


def _running_calls(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        held = Counter((one.node_id, one.leg) for one in rows.places[attempt.pk] if one.state == State.HOLDING)
        for node in rows.nodes[attempt.pk]:
            for leg, call in enumerate(node.calls):
                if held[node.pk, leg] < len(call["groups"]) and (running := _running(rows, node, leg)):
                    found = {"leg": leg, "groups": call["groups"], "jobs": running}
                    yield f"node:{node.pk}", f"run:{attempt.run_id}", found


def _running(rows: RunRows, node: JobNode, leg: int) -> list[int]:
    inside = {one.pk for one in rows.nodes[node.attempt_id] if one.key.startswith(f"{node.key}.{leg}/")}
    going = (Status.QUEUED, Status.IN_PROGRESS)
    return [job.pk for job in rows.of_attempt[node.attempt_id] if job.node_id in inside and job.status in going]


RUN_RULES: tuple[Rule[RunRows], ...] = (
    Rule("place_of_ended", "Whoever is over has given back its place in every group.", _kept_places, mends=True),
    Rule("held_attempt", "A run is held for a group exactly while it stands in the line of one.", _held_attempts),
    Rule("job_without_group", "A job runs only while it holds its groups.", _running_jobs),
    Rule("call_without_group", "What a call runs runs only while the call holds its groups.", _running_calls),
)
GROUP_RULES: tuple[Rule[GroupRows], ...] = (
    Rule("one_holder", "One at a time holds a group.", _one_holder),
    Rule("no_holder", "Where somebody waits for a group, somebody holds it.", _holder_missing),
    Rule("never_free", "A group is free soon after the time by which its last job has gone.", _never_free),
    Rule("verdict_due", "Whoever was to make way for a newer one has been told.", _verdicts),
)
