"""Who works in a repository: listed, added, changed, removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Q, QuerySet

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account, BasePermission, Kind, Membership
from forge.errors import FieldError, Forbidden, Invalid, NotFound
from forge.repos import access
from forge.repos.models import Collaborator, Repository, Right

#: GitHub's words for rights in bodies, the older and the newer ones. It has two more steps than there are here:
#: each counts as the one below it.
WORDS: Mapping[str, Right] = {
    "pull": Right.READ,
    "read": Right.READ,
    "triage": Right.READ,
    "push": Right.WRITE,
    "write": Right.WRITE,
    "maintain": Right.WRITE,
    "admin": Right.ADMIN,
}
AFFILIATIONS = ("all", "direct", "outside")


def listed(repository: Repository, affiliation: str = "all") -> QuerySet[Account]:
    """The people who may work in a repository (with its owner), by login. ``direct``: those to whom it was given;
    ``outside``: those of them who are no members of its organisation."""
    given = Q(pk__in=Collaborator.objects.filter(repository=repository, right__gte=Right.READ).values("user"))
    members = Membership.objects.filter(organization=repository.owner_id)
    if affiliation == "outside":
        wanted = given & ~Q(pk__in=members.values("user"))
    elif repository.owner.kind != Kind.ORGANIZATION:
        wanted = given | Q(pk=repository.owner_id)
    else:
        owners = Q(pk__in=members.filter(role=Membership.Role.OWNER).values("user"))
        without = repository.owner.default_repository_permission == BasePermission.NONE
        reached = owners if affiliation == "direct" or without else Q(pk__in=members.values("user"))
        wanted = given | reached
    return Account.objects.filter(wanted, is_active=True, kind=Kind.USER).order_by("login_key")


def rights(repository: Repository, accounts: Iterable[Account]) -> dict[int, Right]:
    """What each of these may do there, by id."""
    return access.account_rights(accounts, repository)


def is_one(repository: Repository, account: Account) -> bool:
    """True when it is listed."""
    return listed(repository).filter(pk=account.pk).exists()


def put(actor: Actor, repository: Repository, account: Account, word: str) -> bool:
    """Give somebody a right, or another one; True when there was none. Nobody has to accept it. ``Invalid`` for an
    unknown word and for whom cannot be one."""
    if word not in WORDS:
        message = f"permission must be one of {', '.join(WORDS)}"
        raise Invalid(message, [FieldError("Collaborator", "permission", "invalid", message)])
    if account.kind != Kind.USER or account.pk == repository.owner_id:
        message = f"{account.login} cannot be a collaborator here"
        raise Invalid(message, [FieldError("Collaborator", "username", "invalid", message)])
    with transaction.atomic():
        before = Collaborator.objects.select_for_update().filter(repository=repository, user=account).first()
        right = WORDS[word]
        if before is not None and before.right == right:
            return False
        Collaborator.objects.update_or_create(repository=repository, user=account, defaults={"right": right})
        _write("changed" if before else "added", actor, repository, account, {"permission": right.name.lower()})
    return before is None


def remove(actor: Actor, repository: Repository, account: Account) -> None:
    """Take the right away; whoever has none stays without. Administrators may, and everybody for himself."""
    oneself = actor.account is not None and actor.account.pk == account.pk
    if not oneself and access.right_of(actor, repository) < Right.ADMIN:
        raise Forbidden(f"You need admin access to {repository.full_name} for this", ("repo",))
    with transaction.atomic():
        gone, _ = Collaborator.objects.filter(repository=repository, user=account).delete()
        if gone:
            _write("removed", actor, repository, account, {})


def find(login: str) -> Account:
    """A person; ``NotFound`` when there is none of this login."""
    found = Account.objects.filter(login_key=login.lower(), is_active=True, kind=Kind.USER).first()
    if found is None:
        raise NotFound
    return found


def _write(word: str, actor: Actor, repository: Repository, account: Account, details: Mapping[str, str]) -> None:
    audit.write(
        f"collaborator.{word}",
        actor=actor,
        owner_id=repository.owner_id,
        repository_id=repository.pk,
        scope=f"the repository {repository.full_name}",
        names=[account.login],
        details=details,
    )
