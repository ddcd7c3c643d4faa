"""The only door to a repository: fetched and authorised in one call.

What one may not read does not exist (``NotFound``). What one may read and not do is ``Forbidden``, with
the scopes that would have been accepted when the credential, not the person, lacks the right.

A job's token is let in by what the call declares (``accounts.needs``): the permission, at the declared
level or that of the right, whichever is higher. What everybody may read it reads without; what is
administered is never open to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from forge.accounts.actor import Actor
from forge.accounts.models import Account, BasePermission, Membership
from forge.accounts.needs import UNDECLARED, Need
from forge.errors import Forbidden, NotFound
from forge.repos.models import Collaborator, Repository, Right

_SCOPES = {Right.READ: ("repo", "repo:read"), Right.WRITE: ("repo", "repo:write"), Right.ADMIN: ("repo",)}
_PUBLIC_SCOPES = {Right.READ: (), Right.WRITE: ("public_repo",), Right.ADMIN: ("public_repo",)}
#: What an organisation's setting gives to its members.
_BASE = {
    BasePermission.NONE: Right.NONE,
    BasePermission.READ: Right.READ,
    BasePermission.WRITE: Right.WRITE,
    BasePermission.ADMIN: Right.ADMIN,
}
#: What SQLite takes in one condition is not endless.
_NAMES_AT_ONCE = 100
_WORDS = {Right.READ: "read", Right.WRITE: "write", Right.ADMIN: "admin"}


#: GitHub's words to a job whose token lacks a permission.
BY_INTEGRATION = "Resource not accessible by integration"


def repository(actor: Actor, owner: str, name: str, right: Right, need: Need = UNDECLARED) -> Repository:
    """The repository ``owner/name`` (any case) with its owner, if the actor has ``right`` there; ``need`` is
    what the call asks of a job's token."""
    found = _alive().filter(owner__login_key=owner.lower(), name_key=name.lower()).first()
    return _admit(actor, found, right, need)


def repository_by_id(actor: Actor, repository_id: int, right: Right, need: Need = UNDECLARED) -> Repository:
    """The same by id."""
    return _admit(actor, _alive().filter(pk=repository_id).first(), right, need)


def readable(actor: Actor, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Repository]:
    """Those of the repositories ``(owner, name)`` that the actor may read, with their owners, by these pairs as they
    were given; what is missing does not exist for it. One query for a hundred names, and two for the rights."""
    wanted = {pair: (pair[0].lower(), pair[1].lower()) for pair in names}
    keys = sorted(set(wanted.values()))
    found: list[Repository] = []
    for start in range(0, len(keys), _NAMES_AT_ONCE):
        named = [Q(owner__login_key=one, name_key=two) for one, two in keys[start : start + _NAMES_AT_ONCE]]
        found += _alive().filter(reduce(or_, named))
    has = rights_of(actor, found)
    by_key = {(one.owner.login_key, one.name_key): one for one in found if has[one.pk] >= Right.READ}
    return {pair: by_key[key] for pair, key in wanted.items() if key in by_key}


def right_of(actor: Actor, repository: Repository) -> Right:
    """What the actor may do there, the limits of its credential applied; of a job with what is in it."""
    public = Right.NONE if repository.private else Right.READ
    if actor.kind == "job":
        own = actor.only_repository_id == repository.pk
        return max(public, (Right.WRITE if actor.holds("contents", "write") else Right.READ) if own else public)
    if actor.account is None:
        return public
    return _limited(actor, repository, account_right(actor.account, repository))


def account_right(account: Account, repository: Repository) -> Right:
    """What the account itself may do there: the owner and site administrators everything, members of an
    organisation what it gives to them all, collaborators what they were given."""
    return account_rights([account], repository)[account.pk]


def account_rights(accounts: Iterable[Account], repository: Repository) -> dict[int, Right]:
    """The same of several accounts, by id."""
    asked = list(accounts)
    # Owners and site administrators may do everything: nothing is asked about them.
    ids = [one.pk for one in asked if one.is_active and not one.is_site_admin and one.pk != repository.owner_id]
    roles = dict(
        Membership.objects.filter(organization=repository.owner_id, user__in=ids).values_list("user_id", "role")
    )
    given = dict(Collaborator.objects.filter(repository=repository, user__in=ids).values_list("user_id", "right"))
    return {one.pk: _right(one, repository, roles.get(one.pk), given.get(one.pk)) for one in asked}


def rights_of(actor: Actor, repositories: Iterable[Repository]) -> dict[int, Right]:
    """What the actor may do in each of several repositories (with their owners), by id."""
    asked = list(repositories)
    account = actor.account
    if account is None:
        return {one.pk: right_of(actor, one) for one in asked}
    roles = dict(
        Membership.objects.filter(user=account, organization__in={one.owner_id for one in asked}).values_list(
            "organization_id", "role"
        )
    )
    given = dict(
        Collaborator.objects.filter(user=account, repository__in=[one.pk for one in asked]).values_list(
            "repository_id", "right"
        )
    )
    return {
        one.pk: _limited(actor, one, _right(account, one, roles.get(one.owner_id), given.get(one.pk))) for one in asked
    }


def visible(actor: Actor) -> QuerySet[Repository]:
    """Every repository that the actor may read, with its owner."""
    return _alive().filter(Q(private=False) | _own(actor))


def own(actor: Actor) -> QuerySet[Repository]:
    """Those of them that are its account's own: owned, of its organisations, or shared with it."""
    return visible(actor).filter(_belonging(actor.account)) if actor.account else _alive().none()


def accepted(repository: Repository, right: Right) -> tuple[str, ...]:
    """The scopes of which a token needs one for this right in a repository; what is public is read without."""
    if repository.private:
        return _SCOPES[right]
    return () if right <= Right.READ else _SCOPES[right] + _PUBLIC_SCOPES[right]


def sharing(caller: Repository, owner: str, name: str) -> Repository | None:
    """The repository ``owner/name`` if workflows of ``caller`` may call its workflows: its own, a public one, or one
    of the same owner that shares them with private repositories. None for every other, as if it did not exist."""
    found = _alive().filter(owner__login_key=owner.lower(), name_key=name.lower()).first()
    if found is None or found.pk == caller.pk or not found.private:
        return found
    shares = found.workflow_access != Repository.WorkflowAccess.NONE
    return found if shares and caller.private and found.owner_id == caller.owner_id else None


def _limited(actor: Actor, repository: Repository, right: Right) -> Right:
    """An account's right as far as the credential covers it."""
    public = Right.NONE if repository.private else Right.READ
    if actor.only_repository_id not in (None, repository.pk):
        return public
    while right > public and not _covered(actor, repository, right):
        right = Right(right - 1)
    return max(right, public)


def _right(account: Account, repository: Repository, role: str | None, given: int | None) -> Right:
    public = Right.NONE if repository.private else Right.READ
    if not account.is_active:
        return public
    if account.is_site_admin or account.pk == repository.owner_id or role == Membership.Role.OWNER:
        return Right.ADMIN
    base = Right.NONE if role is None else _BASE[BasePermission(repository.owner.default_repository_permission)]
    return max(public, base, Right(given or Right.NONE))


def _own(actor: Actor) -> Q:
    """What the actor may read though it is private."""
    if actor.kind == "job":
        return Q(pk=actor.only_repository_id)
    if actor.account is None or not actor.allows("repo:read"):
        return Q(pk__in=[])
    everything = Q(pk__isnull=False)
    found = everything if actor.account.is_site_admin else _belonging(actor.account)
    return found if actor.only_repository_id is None else found & Q(pk=actor.only_repository_id)


def _belonging(account: Account) -> Q:
    owner, nothing = Q(role=Membership.Role.OWNER), Q(organization__default_repository_permission=BasePermission.NONE)
    reached = Membership.objects.filter(owner | ~nothing, user=account)
    return (
        Q(owner=account)
        | Q(owner__in=reached.values("organization"))
        | Q(pk__in=Collaborator.objects.filter(user=account, right__gte=Right.READ).values("repository"))
    )


def _alive() -> QuerySet[Repository]:
    return Repository.objects.select_related("owner").filter(deleted_at=None)


def _admit(actor: Actor, found: Repository | None, right: Right, need: Need) -> Repository:
    if found is None:
        raise NotFound
    has = right_of(actor, found)
    if has < Right.READ:
        raise NotFound
    if actor.kind == "job":
        if _job_may(actor, found, right, need):
            return found
        raise Forbidden(BY_INTEGRATION)
    if has >= right:
        return found
    if actor.account is not None and account_right(actor.account, found) >= right:
        if actor.only_repository_id not in (None, found.pk):
            raise Forbidden("This token is bound to another repository")
        raise Forbidden(f"This token lacks the scope for {_WORDS[right]} access", accepted(found, right))
    raise Forbidden(f"You need {_WORDS[right]} access to {found.full_name} for this", accepted(found, right))


def _job_may(actor: Actor, repository: Repository, right: Right, need: Need) -> bool:
    if right > Right.WRITE or not need.can_be_held:
        return False
    level = "write" if "write" in (need.level, _WORDS[right]) else "read"
    if level == "read" and (need.is_any or not repository.private):
        return True
    return actor.only_repository_id == repository.pk and actor.holds(need.permission, level)


def _covered(actor: Actor, repository: Repository, right: Right) -> bool:
    return any(actor.allows(scope) for scope in accepted(repository, right))
