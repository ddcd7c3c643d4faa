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
from forge.accounts.models import Account, Membership
from forge.accounts.needs import UNDECLARED, Need
from forge.errors import Forbidden, NotFound
from forge.repos.models import Collaborator, Repository, Right

_SCOPES = {Right.READ: ("repo", "repo:read"), Right.WRITE: ("repo", "repo:write"), Right.ADMIN: ("repo",)}
_PUBLIC_SCOPES = {Right.READ: (), Right.WRITE: ("public_repo",), Right.ADMIN: ("public_repo",)}
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
    has = rights(actor, found)
    by_key = {(one.owner.login_key, one.name_key): one for one in found if has[one.pk] >= Right.READ}
    return {pair: by_key[key] for pair, key in wanted.items() if key in by_key}


def right_of(actor: Actor, repository: Repository) -> Right:
    """What the actor may do there, the limits of its credential applied; of a job with what is in it."""
    return rights(actor, [repository])[repository.pk]


def rights(actor: Actor, repositories: Iterable[Repository]) -> dict[int, Right]:
    """The same of many at once, by id: two queries, however many they are."""
    rows = list(repositories)
    own = [row for row in rows if actor.account is not None and actor.only_repository_id in (None, row.pk)]
    of_account = account_rights(actor.account, own) if actor.account is not None and own else {}
    return {row.pk: _limited(actor, row, of_account.get(row.pk)) for row in rows}


def account_right(account: Account, repository: Repository) -> Right:
    """What the account itself may do there: the owner and site administrators everything, members of an
    organisation read, collaborators what they were given."""
    return account_rights(account, [repository])[repository.pk]


def account_rights(account: Account, repositories: Iterable[Repository]) -> dict[int, Right]:
    """The same of many at once, by id."""
    rows = list(repositories)
    found = {row.pk: Right.NONE if row.private else Right.READ for row in rows}
    if not account.is_active:
        return found
    everything = [row for row in rows if account.is_site_admin or row.owner_id == account.pk]
    found |= {row.pk: Right.ADMIN for row in everything}
    others = [row for row in rows if found[row.pk] != Right.ADMIN]
    if not others:
        return found
    member = Membership.objects.filter(organization__in={row.owner_id for row in others}, user=account)
    roles = dict(member.values_list("organization_id", "role"))
    shared = Collaborator.objects.filter(repository__in=[row.pk for row in others], user=account)
    given = dict(shared.values_list("repository_id", "right"))
    for row in others:
        role = roles.get(row.owner_id)
        of_role = Right.NONE if role is None else Right.ADMIN if role == Membership.Role.OWNER else Right.READ
        found[row.pk] = max(found[row.pk], of_role, Right(given.get(row.pk, Right.NONE)))
    return found


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


def _limited(actor: Actor, repository: Repository, right: Right | None) -> Right:
    """A right as the credential leaves it; None where it counts for nothing but what is public."""
    public = Right.NONE if repository.private else Right.READ
    if actor.kind == "job":
        own = actor.only_repository_id == repository.pk
        return max(public, (Right.WRITE if actor.holds("contents", "write") else Right.READ) if own else public)
    if right is None:
        return public
    while right > public and not _covered(actor, repository, right):
        right = Right(right - 1)
    return max(right, public)


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
    return (
        Q(owner=account)
        | Q(owner__in=Membership.objects.filter(user=account).values("organization"))
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
