"""How an agent comes in, is known again, and goes.

What happens to the jobs of a runner that goes is the engine's matter: whoever calls ``register`` with
``replace`` or ``remove`` hands the runners that are gone to ``forge.actions.leases.release``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from forge.repos import policies
from forge.repos.models import Repository
from forge.runners import credentials, groups, labels
from forge.runners.models import RegistrationToken, Runner, RunnerGroup
from workflows.messages import Register

TOKEN_LIFE = timedelta(hours=1)
_HASH = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?")
MAX_CAPACITY = 256


def create_token(
    *,
    owner: Account | None = None,
    repository: Repository | None = None,
    created_by: Account | None = None,
    purpose: str = "register",
) -> str:
    """A token that lets agents register (or, by ``purpose="remove"``, take themselves away) for one hour."""
    return create_token_expiring(owner=owner, repository=repository, created_by=created_by, purpose=purpose)[0]


def create_token_expiring(
    *,
    owner: Account | None = None,
    repository: Repository | None = None,
    created_by: Account | None = None,
    purpose: str = "register",
) -> tuple[str, datetime]:
    """As ``create_token``, with the time at which it ends. ``Forbidden`` where an organisation lets the repository have
    no runners of its own."""
    if repository is not None and purpose == "register" and not policies.runners_permitted(repository):
        raise Forbidden(f"{repository.owner.login} does not let this repository have runners of its own")
    text = credentials.new("shr_")
    expires_at = timezone.now() + TOKEN_LIFE
    RegistrationToken.objects.create(
        token_hash=credentials.hashed(text),
        owner=owner,
        repository=repository,
        created_by=created_by,
        purpose=purpose,
        expires_at=expires_at,
    )
    return text, expires_at


def hand_out(
    actor: Actor, *, owner: Account | None = None, repository: Repository | None = None, purpose: str
) -> tuple[str, datetime]:
    """The same for somebody who asks, written down."""
    with transaction.atomic():
        made = create_token_expiring(owner=owner, repository=repository, created_by=actor.account, purpose=purpose)
        of = Runner(owner=owner, repository=repository)
        word = "registration_token" if purpose == "register" else "remove_token"
        audit.write(f"runner.{word}", actor=actor, **labels.audited(of))
    return made


def register(token: str, message: Register) -> Runner:
    """Let a runner in. The same credential again answers the same runner: a lost answer may be asked again."""
    grant = _grant(token, "register")
    _check(message)
    with transaction.atomic():
        RegistrationToken.objects.select_for_update().get(pk=grant.pk)  # one registration of a token at a time
        known = Runner.objects.filter(credential_hash=message.credential_hash, removed_at=None).first()
        if known is not None:
            return _known(known, grant, message)
        place = {"owner": grant.owner, "repository": grant.repository, "group": _group(grant.owner, message.group)}
        lock(grant.owner, grant.repository)
        _make_room(grant, message)
        return Runner.objects.create(**place, **_fields(message))


def replaced_by(runner: Runner) -> list[int]:
    """Ids of the runners that this one took the place of; their jobs follow the lost-runner rule."""
    same = in_scope(runner.owner_id, runner.repository_id).filter(name__iexact=runner.name, id__lt=runner.pk)
    return list(same.exclude(removed_at=None).values_list("id", flat=True))


def by_credential(text: str) -> Runner:
    """The runner with this credential; NotFound when there is none or it was removed."""
    known = credentials.hashed(text)
    found = _alive().filter(credential_hash=known).first() or _first_use(known)
    if found is None:
        raise NotFound("No runner has this credential; register it again")
    return found


def rotate(runner: Runner, credential_hash: str) -> None:
    """The runner will use another credential soon; the one that it has is good until then. Safe to repeat."""
    if not _HASH.fullmatch(credential_hash):
        raise Invalid("credential_hash must be a sha256 in lower-case hex")
    others = Runner.objects.exclude(pk=runner.pk)
    if others.filter(Q(credential_hash=credential_hash) | Q(next_credential_hash=credential_hash)).exists():
        raise Conflict("This credential is another runner's")
    mine = Runner.objects.filter(pk=runner.pk).exclude(credential_hash=credential_hash)
    mine.update(next_credential_hash=credential_hash)


def leave(runner: Runner, instance: str) -> None:
    """The process ``instance`` ends: the runner is offline until it is heard from. Of another process, nothing."""
    mine = Runner.objects.filter(pk=runner.pk, instance=instance[:64], removed_at=None)
    mine.update(instance="", left_at=timezone.now())


def remove(runner: Runner) -> bool:
    """Take the runner away; False when it was gone already. Its credential opens nothing from now on."""
    return bool(Runner.objects.filter(pk=runner.pk, removed_at=None).update(removed_at=timezone.now()))


def remove_by_token(token: str, name: str) -> Runner:
    """The runner of this name in a remove token's scope, taken away; NotFound when there is none."""
    grant = _grant(token, "remove")
    found = in_scope(grant.owner_id, grant.repository_id).filter(name__iexact=name, removed_at=None).first()
    if found is None:
        raise NotFound(f"No runner {name} is registered here")
    remove(found)
    return found


def online(runner: Runner) -> bool:
    """True when it was heard from within one held poll and one lease, and has not broken off since."""
    if runner.removed_at is not None or runner.left_at is not None or runner.last_seen_at is None:
        return False
    return runner.last_seen_at >= online_since()


def online_since() -> datetime:
    """Runners heard from after this time are online."""
    return timezone.now() - timedelta(seconds=settings.POLL_SECONDS + settings.LEASE_SECONDS)


def known_labels(runner: Runner) -> frozenset[str]:
    """Every label it answers to, in lower case: its own and the implicit ones."""
    return frozenset(label.lower() for label in (*labels.fixed(runner), *runner.labels))


def matches(runner: Runner, wanted: Iterable[str]) -> bool:
    """True when the runner has every one of these labels (upper and lower case alike)."""
    return covers(known_labels(runner), wanted)


def covers(known: frozenset[str], wanted: Iterable[str]) -> bool:
    """True when all of these labels, in whatever case, are among the ``known_labels`` of a runner."""
    return {label.lower() for label in wanted} <= known


def is_name(text: str) -> bool:
    """Whether a runner may be called so."""
    return _NAME.fullmatch(text) is not None


def is_own_address(url: str) -> bool:
    """Whether the server is reached by it, by its own settings."""
    known = {urlsplit(one)[:2] for one in (settings.PUBLIC_URL, *settings.INTERNAL_URLS)}
    return urlsplit(url.rstrip("/"))[:2] in known


def lock(owner: Account | None, repository: Repository | None) -> None:
    """One new runner of a scope at a time, so that names stay unique there."""
    if owner is not None:
        Account.objects.select_for_update(no_key=True).get(pk=owner.pk)
    elif repository is not None:
        Repository.objects.select_for_update(no_key=True).get(pk=repository.pk)


def in_scope(owner_id: int | None, repository_id: int | None) -> QuerySet[Runner]:
    """The runners of exactly this scope, removed ones included."""
    return Runner.objects.filter(owner=owner_id, repository=repository_id)


def _first_use(known: str) -> Runner | None:
    """A credential that was announced opens the doors, and from now on it alone does."""
    announced = Runner.objects.filter(next_credential_hash=known, removed_at=None)
    if not announced.update(credential_hash=known, next_credential_hash=""):
        return None
    return _alive().filter(credential_hash=known).first()


def _alive() -> QuerySet[Runner]:
    return Runner.objects.select_related("group").filter(removed_at=None)


def _group(owner: Account | None, name: str | None) -> RunnerGroup | None:
    """Where a new runner goes: the owner's group of this name, the default one without."""
    if owner is not None:
        return groups.named(owner, name or groups.DEFAULT)
    if name and name.strip().lower() != groups.DEFAULT.lower():
        reason = "only the runners of an owner are in groups; use a token of the organization"
        raise Invalid(f"group {reason}", [FieldError("Runner", "group", "invalid", reason)])
    return None


def _grant(token: str, purpose: str) -> RegistrationToken:
    found = RegistrationToken.objects.filter(token_hash=credentials.hashed(token), purpose=purpose).first()
    if found is None:
        raise Forbidden(f"This is no {purpose} token; ask for a new one")
    if found.expires_at <= timezone.now():
        raise Forbidden(f"This {purpose} token ended at {found.expires_at:%Y-%m-%dT%H:%M:%SZ}; ask for a new one")
    return found


def _known(runner: Runner, grant: RegistrationToken, message: Register) -> Runner:
    if (runner.owner_id, runner.repository_id) != (grant.owner_id, grant.repository_id):
        raise Conflict("This credential is registered in another scope; make a new one")
    group = _group(grant.owner, message.group) if message.group else runner.group
    Runner.objects.filter(pk=runner.pk).update(group=group, **_fields(message))
    runner.refresh_from_db()
    return runner


def _make_room(grant: RegistrationToken, message: Register) -> None:
    """Two runners of one name in a scope are refused, unless the newer replaces the older."""
    older = in_scope(grant.owner_id, grant.repository_id).filter(name__iexact=message.name, removed_at=None)
    if message.replace:
        older.update(removed_at=timezone.now())
    elif older.exists():
        raise Conflict(f"A runner named {message.name} is registered here already; choose another name or replace it")


def _fields(message: Register) -> dict[str, object]:
    return {
        "name": message.name,
        "labels": list(dict.fromkeys(message.labels)),
        "os": message.os,
        "arch": message.arch,
        "version": message.version[:64],
        "capacity": message.capacity,
        "ephemeral": message.ephemeral,
        "credential_hash": message.credential_hash,
        "container_url": (message.container_url or "").rstrip("/"),
    }


def _check(message: Register) -> None:
    """Refuse what is not a runner's name, label, capacity, hash or allowed address."""
    wrong: list[tuple[str, str]] = []
    if not is_name(message.name):
        wrong.append(("name", "must be 1 to 64 characters without line breaks"))
    if not _HASH.fullmatch(message.credential_hash):
        wrong.append(("credential_hash", "must be a sha256 in lower-case hex"))
    if len(message.labels) > labels.MOST or not all(
        label.strip() and len(label) <= labels.LONGEST for label in message.labels
    ):
        wrong.append(("labels", f"must be at most {labels.MOST}, each of 1 to {labels.LONGEST} characters"))
    if not 1 <= message.capacity <= MAX_CAPACITY:
        wrong.append(("capacity", f"must be 1 to {MAX_CAPACITY}"))
    if max(len(message.os), len(message.arch)) > 32:
        wrong.append(("os", "os and arch must be at most 32 characters"))
    if message.container_url and not is_own_address(message.container_url):
        wrong.append(("container_url", "is not on the server's list of addresses; add it to FORGE_INTERNAL_URLS"))
    if wrong:
        text = "; ".join(f"{field} {reason}" for field, reason in wrong)
        raise Invalid(text, [FieldError("Runner", field, "invalid", reason) for field, reason in wrong])
