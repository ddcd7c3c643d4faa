"""The runners of a repository or an owner, with what they do now."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from forge.accounts.models import Account
from forge.actions.models import Claim
from forge.errors import NotFound
from forge.repos.models import Repository
from forge.runners.models import Runner


def runners(*, owner: Account | None = None, repository: Repository | None = None) -> QuerySet[Runner]:
    """Registered runners of exactly this scope, oldest first; ``busy`` says whether one holds a job."""
    held = Claim.objects.filter(runner=OuterRef("pk"), ended_at=None)
    found = Runner.objects.select_related("group").filter(owner=owner, repository=repository, removed_at=None)
    return found.annotate(busy=Exists(held)).order_by("id")


def runner(runner_id: int, *, owner: Account | None = None, repository: Repository | None = None) -> Runner:
    """One of them; NotFound when the scope has none with this id."""
    found = runners(owner=owner, repository=repository).filter(pk=runner_id).first()
    if found is None:
        raise NotFound
    return found
