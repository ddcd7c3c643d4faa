"""What can start a run: the rows of events.

An event row is written in the transaction of what caused it; everything else follows from the row, as
often as it needs to be tried. Events of a ref are numbered along before → after: two pushes may reach
``settle`` in the other order than git took them, and then the earlier one's event is written first, by
whoever comes first (git holds the later one only because it took the earlier).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions import background, payloads, repeat
from forge.actions.models import Event
from forge.repos import git
from forge.repos.models import Push, Ref, Repository

Change = Mapping[str, str]  # {"ref", "before", "after"}

#: Refs of one push that start runs; the events of the others are kept, and say that they were too many.
REFS_PER_PUSH = 50
#: Tags of one push; when more are made, moved or deleted at once, none of them starts a run, as on GitHub.
TAGS_PER_PUSH = 3
_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_TOO_MANY_REFS = f"More than {REFS_PER_PUSH} refs were pushed at once; this one starts no run."
_TOO_MANY_TAGS = f"More than {TAGS_PER_PUSH} tags were pushed at once; none of them starts a run."
_BY_JOB = "A job pushed this with its GITHUB_TOKEN, which starts no run."


@repeat.on_deadlock
def settle(push: Push, accepted: Sequence[Change]) -> list[Event]:
    """Turn what git accepted of a push into events, in one transaction. Doing it twice changes nothing."""
    changes = _changes(accepted)
    with transaction.atomic():
        if not Push.objects.select_for_update().filter(pk=push.pk, state=Push.State.PREPARED).exists():
            keys = [_key(name, push, one["ref"]) for one in changes for name in _names(one)]
            return list(Event.objects.filter(repository=push.repository_id, key__in=keys).order_by("id"))
        rows = _lock_refs(push.repository_id, [one["ref"] for one in changes])
        quiet = _quiet(push, changes)
        written: list[Event] = []
        for change in changes:
            written += _write_along(push, rows[change["ref"]], change, quiet)
        Push.objects.filter(pk=push.pk).update(state=Push.State.SETTLED, settled_at=Now())
        nudge(written)
    return written


def notice(accepted: Sequence[Change]) -> str | None:
    """What git should tell the pusher about a push of too many refs; None for an ordinary one."""
    came = [one for one in accepted if _concerns(one) and one["after"] != git.ZERO]
    said = []
    if len(came) > REFS_PER_PUSH:
        said.append(
            f"{len(came)} refs were pushed at once; only the first {REFS_PER_PUSH} (by name) start workflow runs."
        )
    tags = sum(1 for one in came if one["ref"].startswith(_TAGS))
    if tags > TAGS_PER_PUSH:
        said.append(f"{tags} tags were pushed at once; with more than {TAGS_PER_PUSH} none starts workflow runs.")
    return " ".join(said) or None


def write(repository: Repository, name: str, *, actor: Account | None, key: str = "", **more: Any) -> Event | None:
    """An event at the head of the default branch, as it will be found; None when its key is there already.
    The caller holds the transaction."""
    event, made = Event.objects.get_or_create(
        repository=repository,
        key=key or f"{name}:{uuid.uuid4()}",
        defaults={"name": name, "ref": default_ref(repository), "actor": actor, **more},
    )
    if not made:
        return None
    nudge([event])
    return event


def default_branch_changed(repository: Repository, actor: Account | None) -> None:
    """Another branch says from now on which workflows there are; their schedules go in the name of ``actor``."""
    with transaction.atomic():
        write(repository, "default_branch", actor=actor, quiet="The default branch was changed.")


def default_ref(repository: Repository) -> str:
    """The full name of the default branch."""
    return _HEADS + repository.default_branch


def nudge(written: Sequence[Event]) -> None:
    """Let the workers expand these events soon after commit."""
    for event in written:
        if event.state == Event.State.PENDING:
            background.enqueue("expand", event.pk)


def _changes(commands: Sequence[Change]) -> list[Change]:
    """Those of branches and tags, by name."""
    return sorted((one for one in commands if _concerns(one)), key=lambda one: one["ref"])


def _concerns(change: Change) -> bool:
    return change["ref"].startswith((_HEADS, _TAGS)) and change["before"] != change["after"]


def _names(change: Change) -> Iterator[str]:
    """The events that a change of a ref is."""
    yield "push"
    if change["before"] == git.ZERO:
        yield "create"
    if change["after"] == git.ZERO:
        yield "delete"


def _quiet(push: Push, changes: Sequence[Change]) -> dict[tuple[str, str], str]:
    """Why which events start no run, by name and ref."""
    found = {(name, one["ref"]): _BY_JOB for one in changes if push.by_job for name in _names(one)}
    found |= {(name, one["ref"]): _TOO_MANY_REFS for one in changes[REFS_PER_PUSH:] for name in _names(one)}
    for kind in ("push", "create", "delete"):
        tags = [one for one in changes if one["ref"].startswith(_TAGS) and kind in _names(one)]
        alive = [one for one in tags if kind != "push" or one["after"] != git.ZERO]
        if len(alive) > TAGS_PER_PUSH:
            found |= {(kind, one["ref"]): _TOO_MANY_TAGS for one in alive}
    return found


def _lock_refs(repository_id: int, names: Sequence[str]) -> dict[str, Ref]:
    """The ref rows, made where missing, locked in the order of their names."""
    Ref.objects.bulk_create(
        [Ref(repository_id=repository_id, name=name, sha=git.ZERO) for name in names], ignore_conflicts=True
    )
    locked = Ref.objects.select_for_update().filter(repository=repository_id, name__in=names).order_by("name")
    return {ref.name: ref for ref in locked}


def _write_along(push: Push, ref: Ref, change: Change, quiet: Mapping[tuple[str, str], str]) -> list[Event]:
    """The events of a change, after those of changes that git took before it and that nobody has settled."""
    written = []
    if Event.objects.filter(repository=push.repository_id, key=_key("push", push, ref.name)).exists():
        return []  # a later push has written it already
    if ref.sha != change["before"]:
        for other, earlier in _way(push, ref, change["before"]):
            written += _write(other, ref, earlier, _quiet(other, _changes(other.commands)))
    return written + _write(push, ref, change, quiet)


def _way(push: Push, ref: Ref, goal: str) -> list[tuple[Push, Change]]:
    """The prepared pushes that lead from where the ref's events end to ``goal``; empty when there is no way."""
    steps: dict[str, tuple[Push, Change]] = {}
    prepared = Push.objects.filter(repository=push.repository_id, state=Push.State.PREPARED).exclude(pk=push.pk)
    for other in prepared.order_by("-id"):
        for one in other.commands:
            if one["ref"] == ref.name:
                steps[one["before"]] = (other, one)
    way: list[tuple[Push, Change]] = []
    at = ref.sha
    while at != goal and at in steps:
        other, one = steps.pop(at)
        way.append((other, one))
        at = one["after"]
    return way if at == goal else []


def _write(push: Push, ref: Ref, change: Change, quiet: Mapping[tuple[str, str], str]) -> list[Event]:
    ref.sequence, ref.sha = ref.sequence + 1, change["after"]
    ref.save(update_fields=["sequence", "sha"])
    written = [_push(push, ref, change, quiet.get(("push", ref.name), ""))]
    for name in _names(change):
        if name != "push" and (name, ref.name) not in quiet:
            written.append(_made_or_gone(push, ref, change, name))
    return written


def _push(push: Push, ref: Ref, change: Change, quiet: str) -> Event:
    deleted = change["after"] == git.ZERO
    # Nothing is left to run on after a delete; the event keeps the order of the ref. One that starts no run
    # still tells which workflows there are when it moves the default branch.
    over = deleted or (quiet != "" and ref.name != default_ref(push.repository))
    return Event.objects.create(
        repository_id=push.repository_id,
        name="push",
        key=_key("push", push, ref.name),
        ref=ref.name,
        before=change["before"],
        sha=change["after"],
        ref_sequence=ref.sequence,
        actor_id=push.pusher_id,
        payload={"ref": ref.name, "before": change["before"], "after": change["after"], "deleted": deleted},
        state=Event.State.EXPANDED if over else Event.State.PENDING,
        quiet="" if deleted else quiet,
        error="" if deleted else quiet,
    )


def _made_or_gone(push: Push, ref: Ref, change: Change, name: str) -> Event:
    """The create or delete that comes with a push. A delete runs on what the default branch is by then."""
    made = name == "create"
    return Event.objects.create(
        repository_id=push.repository_id,
        name=name,
        key=_key(name, push, ref.name),
        ref=ref.name if made else default_ref(push.repository),
        sha=change["after"] if made else "",
        ref_sequence=ref.sequence if made else 0,
        actor_id=push.pusher_id,
        payload=payloads.ref_change(push.repository, ref.name, created=made),
    )


def _key(name: str, push: Push, ref: str) -> str:
    return f"{name}:{push.pk}:{ref}"
