"""What can start a run, and the payload of each.

An event row is written in the transaction of what caused it; everything else follows from the row, as
often as it needs to be tried. Events of a ref are numbered along before → after: two pushes may reach
``settle`` in the other order than git took them, and then the earlier one's event is written first, by
whoever comes first (git holds the later one only because it took the earlier).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.actions import background, repeat
from forge.actions.models import Event
from forge.repos import git
from forge.repos.models import Push, Ref, Repository

Change = Mapping[str, str]  # {"ref", "before", "after"}

#: Refs of one push that start runs; the events of the others are kept, and say that they were too many.
REFS_PER_PUSH = 50
_KINDS = ("refs/heads/", "refs/tags/")


@repeat.on_deadlock
def settle(push: Push, accepted: Sequence[Change]) -> list[Event]:
    """Turn what git accepted of a push into events, in one transaction. Doing it twice changes nothing."""
    changes = sorted((dict(one) for one in accepted if _concerns(one)), key=lambda one: one["ref"])
    with transaction.atomic():
        if not Push.objects.select_for_update().filter(pk=push.pk, state=Push.State.PREPARED).exists():
            return list(Event.objects.filter(repository=push.repository_id, key__startswith=f"push:{push.pk}:"))
        rows = _lock_refs(push.repository_id, [one["ref"] for one in changes])
        written: list[Event] = []
        for number, change in enumerate(changes):
            written += _write_along(push, rows[change["ref"]], change, capped=number >= REFS_PER_PUSH)
        Push.objects.filter(pk=push.pk).update(state=Push.State.SETTLED, settled_at=Now())
        nudge(written)
    return written


def notice(accepted: Sequence[Change]) -> str | None:
    """What git should tell the pusher about a push of too many refs; None for an ordinary one."""
    count = sum(1 for one in accepted if _concerns(one) and one["after"] != git.ZERO)
    if count <= REFS_PER_PUSH:
        return None
    return f"{count} refs were pushed at once; only the first {REFS_PER_PUSH} (by name) start workflow runs."


def write(
    repository: Repository, name: str, *, ref: str, sha: str, actor: Account | None, path: str, **more: Any
) -> Event:
    """An event that concerns one workflow file (dispatch, re-run). The caller holds the transaction."""
    key = f"{name}:{uuid.uuid4()}"
    return Event.objects.create(
        repository=repository, name=name, key=key, ref=ref, sha=sha, actor=actor, workflow_path=path, **more
    )


def nudge(written: Sequence[Event]) -> None:
    """Let the workers expand these events soon after commit."""
    for event in written:
        if event.state == Event.State.PENDING:
            background.enqueue("expand", event.pk)


def _concerns(change: Change) -> bool:
    return change["ref"].startswith(_KINDS) and change["before"] != change["after"]


def _lock_refs(repository_id: int, names: Sequence[str]) -> dict[str, Ref]:
    """The ref rows, made where missing, locked in the order of their names."""
    Ref.objects.bulk_create(
        [Ref(repository_id=repository_id, name=name, sha=git.ZERO) for name in names], ignore_conflicts=True
    )
    locked = Ref.objects.select_for_update().filter(repository=repository_id, name__in=names).order_by("name")
    return {ref.name: ref for ref in locked}


def _write_along(push: Push, ref: Ref, change: Change, *, capped: bool) -> list[Event]:
    """The event of a change, after those of changes that git took before it and that nobody has settled."""
    written = []
    if Event.objects.filter(repository=push.repository_id, key=_key(push, ref)).exists():
        return []  # a later push has written it already
    if ref.sha != change["before"]:
        for earlier in _way(push, ref, change["before"]):
            written.append(_write(*earlier, capped=False))
    written.append(_write(push, ref, change, capped=capped))
    return written


def _way(push: Push, ref: Ref, goal: str) -> list[tuple[Push, Ref, Change]]:
    """The prepared pushes that lead from where the ref's events end to ``goal``; empty when there is no way."""
    steps: dict[str, tuple[Push, Change]] = {}
    prepared = Push.objects.filter(repository=push.repository_id, state=Push.State.PREPARED).exclude(pk=push.pk)
    for other in prepared.order_by("-id"):
        for one in other.commands:
            if one["ref"] == ref.name:
                steps[one["before"]] = (other, one)
    way: list[tuple[Push, Ref, Change]] = []
    at = ref.sha
    while at != goal and at in steps:
        other, one = steps.pop(at)
        way.append((other, ref, one))
        at = one["after"]
    return way if at == goal else []


def _write(push: Push, ref: Ref, change: Change, *, capped: bool) -> Event:
    deleted = change["after"] == git.ZERO
    ref.sequence, ref.sha = ref.sequence + 1, change["after"]
    ref.save(update_fields=["sequence", "sha"])
    too_many = f"More than {REFS_PER_PUSH} refs were pushed at once; this one starts no run."
    return Event.objects.create(
        repository_id=push.repository_id,
        name="push",
        key=_key(push, ref),
        ref=ref.name,
        before=change["before"],
        sha=change["after"],
        ref_sequence=ref.sequence,
        actor_id=push.pusher_id,
        payload={"ref": ref.name, "before": change["before"], "after": change["after"], "deleted": deleted},
        # Nothing is left to run on after a delete; the event keeps the order of the ref.
        state=Event.State.EXPANDED if deleted or capped else Event.State.PENDING,
        error=too_many if capped and not deleted else "",
    )


def _key(push: Push, ref: Ref) -> str:
    return f"push:{push.pk}:{ref.name}"


# --- payloads, as GitHub's webhooks have them ------------------------------------------------------


def push_payload(event: Event, commit: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of a push; ``commit`` is the head commit. Reads git: never within a transaction."""
    repository, zero = event.repository, git.ZERO
    commits = git.commits_between(repository, event.before, event.sha)
    url = html_url(repository)
    created = event.before == zero
    return {
        "ref": event.ref,
        "before": event.before,
        "after": event.sha,
        "base_ref": None,
        "created": created,
        "deleted": False,
        "forced": not created and _forced(repository, event.before, event.sha),
        "compare": f"{url}/commit/{event.sha}" if created else f"{url}/compare/{event.before[:12]}...{event.sha[:12]}",
        "commits": [_commit(one, url) for one in commits],
        "head_commit": _commit(commit, url),
        "pusher": {"name": event.actor.login, "email": event.actor.email} if event.actor else {"name": "ghost"},
        **common_payload(repository, event.actor),
    }


def dispatch_payload(
    repository: Repository, actor: Account | None, ref: str, path: str, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The payload of a workflow_dispatch."""
    return {"ref": ref, "workflow": path, "inputs": dict(inputs) or None, **common_payload(repository, actor)}


def common_payload(repository: Repository, actor: Account | None) -> dict[str, Any]:
    """What every event carries: repository, sender, and the organisation where there is one."""
    payload = {"repository": repository_payload(repository), "sender": account_payload(actor)}
    if repository.owner.kind == "Organization":
        payload["organization"] = account_payload(repository.owner)
    return payload


def repository_payload(repository: Repository) -> dict[str, Any]:
    """A repository as it stands in payloads."""
    url = html_url(repository)
    return {
        "id": repository.pk,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "owner": account_payload(repository.owner),
        "description": repository.description or None,
        "fork": False,
        "html_url": url,
        "url": f"{settings.PUBLIC_URL}/api/v3/repos/{repository.full_name}",
        "clone_url": f"{url}.git",
        "default_branch": repository.default_branch,
        "master_branch": repository.default_branch,
        "created_at": _time(repository.created_at),
        "updated_at": _time(repository.updated_at),
        "pushed_at": _time(repository.pushed_at),
    }


def account_payload(account: Account | None) -> dict[str, Any] | None:
    """An account as it stands in payloads."""
    if account is None:
        return None
    return {
        "login": account.login,
        "id": account.pk,
        "type": str(account.kind),
        "site_admin": account.is_site_admin,
        "html_url": f"{settings.PUBLIC_URL}/{account.login}",
        "url": f"{settings.PUBLIC_URL}/api/v3/users/{account.login}",
    }


def html_url(repository: Repository) -> str:
    """The address of the repository's page."""
    return f"{settings.PUBLIC_URL}/{repository.full_name}"


def _forced(repository: Repository, before: str, after: str) -> bool:
    try:
        return not git.is_ancestor(repository, before, after)
    except KeyError:  # the old commit is gone
        return True


def _commit(commit: Mapping[str, Any], url: str) -> dict[str, Any]:
    return {**commit, "url": f"{url}/commit/{commit['id']}", "distinct": True}


def _time(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None
