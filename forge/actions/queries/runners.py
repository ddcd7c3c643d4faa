"""The runners of a repository or an owner, with what they do now."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from forge.accounts.models import Account
from forge.actions.models import Claim
from forge.errors import NotFound
from forge.repos.models import Repository
from forge.runners import groups
from forge.runners.models import Runner


def runners(*, owner: Account | None = None, repository: Repository | None = None) -> QuerySet[Runner]:
    """Registered runners of exactly this scope, oldest first; ``busy`` says whether one holds a job."""
    return _shown(Q(owner=owner, repository=repository))


def serving(*, owner: Account | None = None, repository: Repository | None = None) -> QuerySet[Runner]:
    """Those of ``runners``, and those of wider scopes that take its jobs too: the site's, and for a repository those
    of its owner whose group is open to it."""
    site = Q(owner=None, repository=None)
    if repository is not None:
        usable = groups.usable(repository).values("pk")
        return _shown(Q(repository=repository) | site | Q(owner=repository.owner_id, group__in=usable))
    return _shown(Q(owner=owner) | site if owner is not None else site)


def held_by(found: Iterable[Runner]) -> dict[int, list[Claim]]:
    """What these runners hold now, by runner, with the jobs and their repositories."""
    claims = Claim.objects.filter(runner__in=[one.pk for one in found], ended_at=None).order_by("id")
    held: dict[int, list[Claim]] = {}
    for claim in claims.select_related("job__run__repository__owner"):
        held.setdefault(claim.runner_id, []).append(claim)
    return held


def _shown(wanted: Q) -> QuerySet[Runner]:
    held = Claim.objects.filter(runner=OuterRef("pk"), ended_at=None)
    found = Runner.objects.select_related("group", "owner", "repository").filter(wanted, removed_at=None)
    return found.annotate(busy=Exists(held)).order_by("id")


def runner(runner_id: int, *, owner: Account | None = None, repository: Repository | None = None) -> Runner:
    """One of them; NotFound when the scope has none with this id."""
    found = runners(owner=owner, repository=repository).filter(pk=runner_id).first()
    if found is None:
        raise NotFound
    return found
