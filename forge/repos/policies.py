"""What repositories allow of workflows, and organisations of their repositories: read and changed.

An organisation's word goes before its repositories': what it forbids none of them can allow (``Conflict``), and what a
repository never chose is as the organisation has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos.models import ActionsPolicy, Repository

Scope = Repository | Account
Enabled, Allowed = ActionsPolicy.Enabled, ActionsPolicy.Allowed
#: GitHub's numbers: days that logs and artifacts are kept, and the most that can be chosen.
RETENTION_DAYS, MOST_RETENTION_DAYS = 90, 400
#: Gigabytes of a repository's caches where nothing was chosen, the least and the most that can be.
CACHE_LIMIT_GB, SMALLEST_CACHE_LIMIT_GB, MOST_CACHE_LIMIT_GB = 10, 1, 100_000
#: The answer to whoever wants a run of a repository that has none.
DISABLED = "GitHub Actions has been disabled for this repository"
_PREVENTED = "The organization's policy does not allow its repositories to choose this"


@dataclass(frozen=True)
class Retention:
    """Days that logs and artifacts are kept, and the most that may be chosen here."""

    days: int
    most: int


def of(scope: Scope) -> ActionsPolicy:
    """The row of a repository or organisation itself; one with the defaults where nothing was chosen."""
    return ActionsPolicy.objects.filter(**_column(scope)).first() or ActionsPolicy(**_column(scope))


def both(repository: Repository) -> tuple[ActionsPolicy, ActionsPolicy]:
    """A repository's (with its owner) and its organisation's, in one query; above a person's there are defaults."""
    rows = list(ActionsPolicy.objects.filter(Q(repository=repository.pk) | Q(organization=repository.owner_id)))
    own = next((row for row in rows if row.repository_id is not None), ActionsPolicy(repository=repository))
    above = next((row for row in rows if row.organization_id is not None), ActionsPolicy())
    return own, above


def change(actor: Actor, scope: Scope, values: Mapping[str, Any]) -> ActionsPolicy:
    """Write these columns of a scope's row, which is made where there is none; audited."""
    with transaction.atomic():
        row, _ = ActionsPolicy.objects.get_or_create(**_column(scope))
        ActionsPolicy.objects.filter(pk=row.pk).update(**values)
        _audit(actor, scope, dict(values))
    row.refresh_from_db()
    return row


# --- whether workflows run at all -----------------------------------------------------------------


def enabled(repository: Repository) -> bool:
    """True when workflows run in this repository (with its owner): nobody switched them off, here or above."""
    own, above = both(repository)
    return own.enabled and _permitted(repository, above)


def enable(actor: Actor, repository: Repository, *, on: bool, **more: Any) -> None:
    """Switch a repository's workflows on or off. ``Conflict`` where its organisation has them off."""
    if on and not _permitted(repository, of(repository.owner)):
        raise Conflict(f"Actions are not enabled for this repository by {repository.owner.login}")
    change(actor, repository, {"enabled": on, **more})


def check_enabled(word: str, field: str) -> None:
    """``Invalid`` for what is no word of such a setting."""
    if word not in Enabled.values:
        words = f"{field} must be one of {', '.join(Enabled.values)}"
        raise Invalid(words, [FieldError("Permissions", field, "invalid", words)])


def _permitted(repository: Repository, above: ActionsPolicy) -> bool:
    return _chosen(above.enabled_repositories, above, "selected_repositories", repository)


def runners_permitted(repository: Repository) -> bool:
    """True when the organisation, if one owns it, lets this repository have runners of its own."""
    above = of(repository.owner)
    return _chosen(above.runner_repositories, above, "selected_runner_repositories", repository)


def _chosen(word: str, above: ActionsPolicy, selection: str, repository: Repository) -> bool:
    if above._state.adding or word == Enabled.ALL:
        return True
    return word == Enabled.SELECTED and getattr(above, selection).filter(pk=repository.pk).exists()


# --- selected repositories ------------------------------------------------------------------------


def selected(organization: Account, selection: str) -> QuerySet[Repository]:
    """The selected repositories that there still are, with their owner. ``Conflict`` unless some are to be selected."""
    row = _selecting(organization, selection)
    found: QuerySet[Repository] = getattr(row, selection).filter(deleted_at=None)
    return found.select_related("owner").order_by("name_key")


def select(actor: Actor, organization: Account, selection: str, repository_ids: Iterable[int]) -> None:
    """Select these and no others. ``Invalid`` for an id of no repository of the organisation."""
    wanted = set(repository_ids)
    with transaction.atomic():
        row = _selecting(organization, selection)
        known = set(_repositories(organization).filter(pk__in=wanted).values_list("pk", flat=True))
        if unknown := sorted(wanted - known)[:5]:
            words = f"{', '.join(map(str, unknown))}: no repository of {organization.login} has this id"
            raise Invalid(words, [FieldError("Organization", "selected_repository_ids", "invalid", words)])
        getattr(row, selection).set(known)
        _audit(actor, organization, {selection: sorted(known)})


def select_one(actor: Actor, organization: Account, selection: str, repository_id: int, *, on: bool) -> None:
    """Select one more or one less. ``NotFound`` when the organisation has none with this id."""
    with transaction.atomic():
        row = _selecting(organization, selection)
        found = _repositories(organization).filter(pk=repository_id).first()
        if found is None:
            raise NotFound
        chosen = getattr(row, selection)
        (chosen.add if on else chosen.remove)(found)
        _audit(actor, organization, {selection: {"added" if on else "removed": repository_id}})


_WORDS = {"selected_repositories": "enabled_repositories", "selected_runner_repositories": "runner_repositories"}


def _selecting(organization: Account, selection: str) -> ActionsPolicy:
    row = of(organization)
    word = getattr(row, _WORDS[selection])
    if word != Enabled.SELECTED:
        raise Conflict(f"The setting of {organization.login} is {word}, not selected")
    return row


def _repositories(organization: Account) -> QuerySet[Repository]:
    return Repository.objects.filter(owner=organization, deleted_at=None)


# --- how long, how much ---------------------------------------------------------------------------


def retention(scope: Scope) -> Retention:
    """How long logs and artifacts of a repository (with its owner) are kept, or what an organisation says of it."""
    if isinstance(scope, Account):
        return Retention(of(scope).retention_days or RETENTION_DAYS, MOST_RETENTION_DAYS)
    own, above = both(scope)
    most = above.retention_days or MOST_RETENTION_DAYS
    return Retention(min(own.retention_days or above.retention_days or RETENTION_DAYS, most), most)


def retain(actor: Actor, scope: Scope, days: int) -> None:
    """Keep what is made from now on for so many days. ``Invalid`` beyond what may be chosen."""
    most = retention(scope).most
    if not 1 <= days <= most:
        words = f"days must be between 1 and {most}"
        raise Invalid(words, [FieldError("Retention", "days", "invalid", words)])
    change(actor, scope, {"retention_days": days})


def cache_limit_gb(repository: Repository) -> int:
    """Gigabytes that the caches of a repository may have together."""
    return of(repository).cache_limit_gb or CACHE_LIMIT_GB


def limit_caches(actor: Actor, repository: Repository, gigabytes: int) -> None:
    """Choose that. ``Invalid`` for what cannot be chosen."""
    if not SMALLEST_CACHE_LIMIT_GB <= gigabytes <= MOST_CACHE_LIMIT_GB:
        words = f"repo_cache_size_limit_in_gb must be between {SMALLEST_CACHE_LIMIT_GB} and {MOST_CACHE_LIMIT_GB}"
        raise Invalid(words, [FieldError("CachePolicy", "repo_cache_size_limit_in_gb", "invalid", words)])
    change(actor, repository, {"cache_limit_gb": gigabytes})


# --- pull requests from forks ---------------------------------------------------------------------


def fork_approval(scope: Scope) -> str:
    """Whose pull requests from forks wait for an approval: the stricter word of repository and organisation."""
    words = [of(scope).fork_approval] if isinstance(scope, Account) else [row.fork_approval for row in both(scope)]
    order = ActionsPolicy.ForkApproval.values
    return max((word or ActionsPolicy.ForkApproval.FIRST_TIME.value for word in words), key=order.index)


def approve_forks(actor: Actor, scope: Scope, word: str) -> None:
    """Choose that. ``Invalid`` for another word, ``Conflict`` for one that is weaker than the organisation's."""
    order = ActionsPolicy.ForkApproval.values
    if word not in order:
        words = f"approval_policy must be one of {', '.join(order)}"
        raise Invalid(words, [FieldError("ForkApproval", "approval_policy", "invalid", words)])
    above = of(scope.owner).fork_approval if isinstance(scope, Repository) else ""
    if above and order.index(word) < order.index(above):
        raise Conflict(_PREVENTED)
    change(actor, scope, {"fork_approval": word})


FORK_SWITCHES = (
    "run_workflows_from_fork_pull_requests",
    "send_write_tokens_to_workflows",
    "send_secrets_and_variables",
    "require_approval_for_fork_pr_workflows",
)


def fork_switches(scope: Scope) -> dict[str, bool]:
    """What pull requests from forks of private repositories get, the organisation's limit applied."""
    if isinstance(scope, Account):
        row = of(scope)
        return {name: getattr(row, name) for name in FORK_SWITCHES}
    own, above = both(scope)
    return {name: _switch(name, own, above) for name in FORK_SWITCHES}


def _switch(name: str, own: ActionsPolicy, above: ActionsPolicy) -> bool:
    mine: bool = getattr(own, name)
    if above._state.adding:
        return mine
    limit: bool = getattr(above, name)
    return (mine or limit) if name.startswith("require_") else (mine and limit)


def switch_forks(actor: Actor, scope: Scope, wanted: Mapping[str, bool]) -> None:
    """Choose these. ``Conflict`` for what the organisation does not give."""
    if isinstance(scope, Repository):
        above = of(scope.owner)
        for name, on in wanted.items():
            if not above._state.adding and _switch(name, ActionsPolicy(**{name: on}), above) != on:
                raise Conflict(_PREVENTED)
    change(actor, scope, wanted)


def _column(scope: Scope) -> dict[str, Any]:
    return {"repository": scope} if isinstance(scope, Repository) else {"organization": scope}


def _audit(actor: Actor, scope: Scope, details: dict[str, Any]) -> None:
    if isinstance(scope, Repository):
        where: dict[str, Any] = {"owner_id": scope.owner_id, "repository_id": scope.pk}
        words = f"the repository {scope.full_name}"
    else:
        where, words = {"owner_id": scope.pk}, f"the organization {scope.login}"
    audit.write("actions_policy.updated", actor=actor, scope=words, details=details, **where)
