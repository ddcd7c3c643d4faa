"""What an environment asks of a job before it deploys: read and chosen. ``forge.actions`` holds jobs to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from forge.accounts import audit, users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind
from forge.environments.models import BranchPolicy, Environment, ProtectionRule, Reviewer
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos import access
from forge.repos.models import Repository, Right
from workflows import patterns

#: GitHub's limits: minutes of a wait timer (thirty days), reviewers, and integrations of one environment.
LONGEST_WAIT, MOST_REVIEWERS, MOST_INTEGRATIONS = 43_200, 6, 6
_LARGEST_ID = 2**63 - 1


def complete(found: QuerySet[Environment]) -> QuerySet[Environment]:
    """Environments with all that belongs to their rules, in a number of queries that does not grow with them."""
    return found.prefetch_related("reviewers__user", "branch_policies", "protection_rules__integration")


def of_names(repository: Repository, names: Iterable[str]) -> dict[str, Environment]:
    """The environments of these names that there are, by name in lower case, with their rules."""
    keys = {name.lower() for name in names if name}
    found = Environment.objects.filter(repository=repository, name_key__in=keys) if keys else Environment.objects.none()
    return {row.name_key: row for row in complete(found)}


def holds_back(environment: Environment) -> bool:
    """True when a job has to wait for something before it deploys here."""
    return bool(environment.wait_timer or environment.reviewers.all() or environment.protection_rules.all())


def takes(environment: Environment, ref: str) -> bool:
    """True when may be deployed here from a ref. Branches have no protection here, and where none is protected
    ``protected_branches`` means every one, as on GitHub."""
    if not environment.custom_branch_policies:
        return not (environment.protected_branches and not ref.startswith("refs/heads/"))
    kind = BranchPolicy.Kind.TAG if ref.startswith("refs/tags/") else BranchPolicy.Kind.BRANCH
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    policies = [one.name for one in environment.branch_policies.all() if one.kind == kind]
    return patterns.matches_any(policies, [name])


def may_review(environment: Environment, account: Account | None, started_by: Account | None) -> bool:
    """True when somebody is a reviewer, and not the one that started the run where that is prevented."""
    if account is None or account.pk not in [one.user_id for one in environment.reviewers.all()]:
        return False
    return not (environment.prevent_self_review and started_by is not None and started_by.pk == account.pk)


def may_bypass(environment: Environment, right: Right) -> bool:
    """True when somebody with this right in its repository may pass by the rules."""
    return environment.can_admins_bypass and right >= Right.ADMIN


def change(actor: Actor, environment: Environment, values: Mapping[str, Any], reviewers: Sequence[int]) -> None:
    """Choose these columns and these reviewers. ``Invalid`` for what cannot be chosen."""
    people = check(environment.repository, values, reviewers)
    with transaction.atomic():
        Environment.objects.filter(pk=environment.pk).update(**values, updated_at=Now())
        Reviewer.objects.filter(environment=environment).exclude(user__in=people).delete()
        known = set(Reviewer.objects.filter(environment=environment).values_list("user", flat=True))
        Reviewer.objects.bulk_create(
            [Reviewer(environment=environment, user=one) for one in people if one.pk not in known]
        )
        if not values.get("custom_branch_policies"):
            BranchPolicy.objects.filter(environment=environment).delete()
        _audit(actor, environment, {**values, "reviewers": [one.login for one in people]})
    environment.refresh_from_db()


def check(repository: Repository, values: Mapping[str, Any], reviewers: Sequence[int]) -> list[Account]:
    """``Invalid`` for what ``change`` would refuse in an environment of this repository; else the reviewers."""
    if not 0 <= values.get("wait_timer", 0) <= LONGEST_WAIT:
        raise _invalid("wait_timer", f"wait_timer must be between 0 and {LONGEST_WAIT} minutes")
    return _people(repository, reviewers)


def _people(repository: Repository, ids: Sequence[int]) -> list[Account]:
    if len(set(ids)) > MOST_REVIEWERS:
        raise _invalid("reviewers", f"An environment has at most {MOST_REVIEWERS} reviewers")
    known = Account.objects.filter(pk__in=[one for one in ids if 0 < one <= _LARGEST_ID], kind=Kind.USER)
    by_id = {one.pk: one for one in known}
    for one in ids:
        if one not in by_id or access.account_right(by_id[one], repository) < Right.READ:
            raise _invalid("reviewers", f"{one}: no user with this id may read the repository")
    return [by_id[one] for one in dict.fromkeys(ids)]


# --- branch policies ------------------------------------------------------------------------------


def branch_policy(environment: Environment, policy_id: int) -> BranchPolicy:
    """One of the environment's; ``NotFound`` when there is none of this id."""
    found = environment.branch_policies.filter(pk=min(policy_id, _LARGEST_ID)).first()
    if found is None:
        raise NotFound
    return found


def add_branch_policy(actor: Actor, environment: Environment, name: str, kind: str) -> BranchPolicy:
    """One more pattern. ``NotFound`` where the environment has no patterns of its own, as GitHub has it; the one that
    is there already where it is."""
    if not environment.custom_branch_policies:
        raise NotFound("Not Found: deployment_branch_policy of this environment is not custom_branch_policies")
    _check_pattern(name)
    if kind not in BranchPolicy.Kind.values:
        raise _invalid("type", "type must be branch or tag")
    found, made = environment.branch_policies.get_or_create(kind=kind, name=name)
    if made:
        _audit(actor, environment, {"branch_policy": {"added": name, "type": kind}})
    return found


def rename_branch_policy(actor: Actor, environment: Environment, policy: BranchPolicy, name: str) -> None:
    """Another pattern in its place. ``Conflict`` when it is there already."""
    _check_pattern(name)
    before, policy.name = policy.name, name
    try:
        with transaction.atomic():
            policy.save(update_fields=["name"])
    except IntegrityError:
        raise Conflict(f"There is a policy {name} already") from None
    _audit(actor, environment, {"branch_policy": {"removed": before, "added": name}})


def remove_branch_policy(actor: Actor, environment: Environment, policy: BranchPolicy) -> None:
    """One pattern less."""
    policy.delete()
    _audit(actor, environment, {"branch_policy": {"removed": policy.name, "type": policy.kind}})


# --- integrations ---------------------------------------------------------------------------------


def integrations() -> QuerySet[Account]:
    """The accounts that can be a protection rule: those of programs, but for the one that jobs go by."""
    return Account.objects.filter(kind=Kind.BOT, is_active=True).exclude(login_key=users.BOT).order_by("pk")


def available(environment: Environment) -> QuerySet[Account]:
    """Those that are no rule of the environment yet."""
    return integrations().exclude(pk__in=environment.protection_rules.values("integration"))


def protection_rule(environment: Environment, rule_id: int) -> ProtectionRule:
    """One of the environment's; ``NotFound`` when there is none of this id."""
    rows = environment.protection_rules.select_related("integration")
    found = rows.filter(pk=min(rule_id, _LARGEST_ID)).first()
    if found is None:
        raise NotFound
    return found


def add_integration(actor: Actor, environment: Environment, integration_id: int) -> ProtectionRule:
    """Let an integration decide. ``Invalid`` for what is none, or is one of them already."""
    found = integrations().filter(pk=integration_id).first()
    if found is None:
        raise _invalid("integration_id", f"{integration_id}: no integration has this id")
    if environment.protection_rules.count() >= MOST_INTEGRATIONS:
        raise _invalid("integration_id", f"An environment has at most {MOST_INTEGRATIONS} protection rules")
    rule, made = ProtectionRule.objects.get_or_create(environment=environment, integration=found)
    if not made:
        raise _invalid("integration_id", f"{found.login} is a protection rule of this environment already")
    _audit(actor, environment, {"protection_rule": {"added": found.login}})
    return rule


def remove_integration(actor: Actor, environment: Environment, rule: ProtectionRule) -> None:
    """Let it decide no more."""
    rule.delete()
    _audit(actor, environment, {"protection_rule": {"removed": rule.integration.login}})


def _check_pattern(name: str) -> None:
    try:
        patterns.check(name)
    except patterns.BadPattern as error:
        raise _invalid("name", f"{name[:80]!r} is no pattern: {error}") from None
    if not name.strip() or len(name) > 255:
        raise _invalid("name", "name must have 1 to 255 characters")


def _audit(actor: Actor, environment: Environment, details: dict[str, Any]) -> None:
    repository = environment.repository
    audit.write(
        "environment.updated",
        actor=actor,
        owner_id=repository.owner_id,
        repository_id=repository.pk,
        environment=environment.name,
        scope=f"the environment {environment.name} of {repository.full_name}",
        details=details,
    )


def _invalid(field: str, words: str) -> Invalid:
    return Invalid(words, [FieldError("Environment", field, "invalid", words)])
