"""Groups of an owner's runners: what they are called, which runners are in them, and whose jobs they are open to.

Every owner has the group ``Default``, number 1; whatever is in no other is in it. Its row is made when it is first
asked for. Which jobs a group is open to is decided where jobs are claimed (``forge.actions.reach``). Whoever calls a
verb here wakes the runners that it answers with: they may take other jobs now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos.models import Repository
from forge.runners import group_settings
from forge.runners.group_settings import Settings
from forge.runners.models import Runner, RunnerGroup, RunnerGroupWorkflow

DEFAULT, DEFAULT_NUMBER = "Default", 1


def names(runner: Runner) -> frozenset[str]:
    """What ``runs-on.group`` may call the group of a runner, in lower case. Runners of a repository or of the whole
    site are in none, which goes by the default one's name; the site's are the enterprise's. Give it with its group."""
    if runner.group is not None:
        own, prefixes = runner.group.name_key, ["", "org/", "organization/"]
    else:
        own, prefixes = DEFAULT.lower(), [""] if runner.repository_id else ["", "ent/", "enterprise/"]
    return frozenset(prefix + own for prefix in prefixes)


def title(group: RunnerGroup | None) -> tuple[int, str]:
    """Number and name of a runner's group, also of one that is in none."""
    return (group.number, group.name) if group else (DEFAULT_NUMBER, DEFAULT)


def default(owner: Account) -> RunnerGroup:
    """The group that takes whatever is in no other. It is open to all of the owner's repositories until somebody
    says otherwise."""
    values = {"name": DEFAULT, "name_key": DEFAULT.lower(), "allows_public_repositories": True}
    return RunnerGroup.objects.get_or_create(owner=owner, number=DEFAULT_NUMBER, defaults=values)[0]


def listing(owner: Account, *, usable_by: Repository | None = None) -> QuerySet[RunnerGroup]:
    """The groups of an owner, the default one first; with ``usable_by`` those that are open to some of its jobs."""
    default(owner)
    found = RunnerGroup.objects.filter(owner=owner).order_by("number")
    return found if usable_by is None else found.filter(pk__in=usable(usable_by).values("pk"))


def usable(repository: Repository) -> QuerySet[RunnerGroup]:
    """The groups of its owner that are open to some of its jobs."""
    found = RunnerGroup.objects.filter(owner=repository.owner_id)
    if not repository.private:
        found = found.filter(allows_public_repositories=True).exclude(visibility=RunnerGroup.Visibility.PRIVATE)
    chosen = RunnerGroup.selected_repositories.through.objects.filter(repository=repository).values("runnergroup")
    return found.filter(~Q(visibility=RunnerGroup.Visibility.SELECTED) | Q(pk__in=chosen))


def find(owner: Account, number: int) -> RunnerGroup:
    """One of them; NotFound."""
    return _only(default(owner) if number == DEFAULT_NUMBER else group_settings.of(owner).filter(number=number).first())


def named(owner: Account, name: str) -> RunnerGroup:
    """The group of this name, in whatever case; Invalid when there is none."""
    wanted = name.strip().lower()
    found = default(owner) if wanted == DEFAULT.lower() else group_settings.of(owner).filter(name_key=wanted).first()
    if found is None:
        raise Invalid(f"{owner.login} has no runner group {name}", [FieldError("Runner", "group", "invalid")])
    return found


def repositories(group: RunnerGroup) -> QuerySet[Repository]:
    """The repositories that have access: those that were selected, or all that the visibility means."""
    if group.visibility == RunnerGroup.Visibility.SELECTED:
        found = group.selected_repositories.filter(deleted_at=None)
    else:
        found = group_settings.repositories(group.owner_id)
        if group.visibility == RunnerGroup.Visibility.PRIVATE or not group.allows_public_repositories:
            found = found.filter(private=True)
    return found.select_related("owner").order_by("name_key")


def served(group: RunnerGroup | None) -> frozenset[int] | None:
    """Ids of the repositories whose jobs the group may be open to; None for all of its owner."""
    if group is None:
        return None
    if group.visibility == RunnerGroup.Visibility.ALL and group.allows_public_repositories:
        return None
    return frozenset(repositories(group).order_by().values_list("pk", flat=True))


def create(actor: Actor, owner: Account, settings: Settings) -> RunnerGroup:
    """A new group. Conflict when there is one of this name; Invalid for foreign repositories and runners."""
    default(owner)
    with transaction.atomic():
        _lock(owner)
        group_settings.check(owner, settings, required=True)
        number = (group_settings.of(owner).aggregate(last=Max("number"))["last"] or 0) + 1
        made = RunnerGroup.objects.create(owner=owner, number=number, **settings.columns())
        _apply(made, settings)
        _written("created", actor, made, settings)
    return made


def update(actor: Actor, group: RunnerGroup, settings: Settings) -> list[int]:
    """Change what is said of it. The runners that this concerns."""
    with transaction.atomic():
        _lock(group.owner)
        now = _again(group)
        group_settings.check(group.owner, settings, now)
        RunnerGroup.objects.filter(pk=now.pk).update(**settings.columns())
        now.refresh_from_db()
        _apply(now, settings)
        _written("updated", actor, now, settings)
        return _changed(now)


def delete(actor: Actor, group: RunnerGroup) -> list[int]:
    """End it; its runners are in the default group from now on, which cannot be deleted (Invalid)."""
    if group.is_default:
        raise Invalid("The default runner group cannot be deleted")
    with transaction.atomic():
        _lock(group.owner)
        now = _again(group)
        moved = _changed(now)
        Runner.objects.filter(group=now).update(group=default(group.owner))
        now.delete()
        _written("deleted", actor, group)
    return moved


def select(actor: Actor, group: RunnerGroup, repository_ids: Sequence[int]) -> list[int]:
    """Open it to these repositories and no others; Conflict while its visibility is another."""
    with transaction.atomic():
        now = _selecting(group)
        settings = Settings(repository_ids=repository_ids)
        group_settings.check(group.owner, settings, now)
        _apply(now, settings)
        _written("updated", actor, now, settings)
        return _changed(now)


def open_to(actor: Actor, group: RunnerGroup, repository_id: int, *, is_open: bool) -> list[int]:
    """Open it to one repository more, or close it to one; NotFound when the owner has none with this id."""
    with transaction.atomic():
        found = group_settings.repositories(group.owner_id).filter(pk=repository_id).first()
        if found is None:
            raise NotFound
        now = _selecting(group)
        change = now.selected_repositories.add if is_open else now.selected_repositories.remove
        change(found)
        _audit("updated", actor, now, {"added" if is_open else "removed": repository_id})
        return _changed(now)


def members(group: RunnerGroup) -> QuerySet[Runner]:
    """The runners in it."""
    return Runner.objects.filter(group=group, removed_at=None)


def fill(actor: Actor, group: RunnerGroup, runner_ids: Sequence[int]) -> list[int]:
    """These runners and no others are in it; those that were go to the default group."""
    with transaction.atomic():
        _lock(group.owner)
        now = _again(group)
        group_settings.check(group.owner, Settings(runner_ids=runner_ids))
        leaving = list(members(now).exclude(pk__in=runner_ids).values_list("pk", flat=True))
        moved = _move(leaving, default(group.owner)) + _move(runner_ids, now)
        _audit("updated", actor, now, {"runners": sorted(set(runner_ids))})
        return moved


def put(actor: Actor, group: RunnerGroup, runner_id: int) -> list[int]:
    """One runner more; NotFound when the owner has none with this id."""
    with transaction.atomic():
        _lock(group.owner)
        if not group_settings.runners(group.owner).filter(pk=runner_id).exists():
            raise NotFound
        _audit("updated", actor, _again(group), {"runner_added": runner_id})
        return _move([runner_id], group)


def take_out(actor: Actor, group: RunnerGroup, runner_id: int) -> list[int]:
    """One runner goes to the default group; NotFound when it is not in this one."""
    with transaction.atomic():
        _lock(group.owner)
        if not members(group).filter(pk=runner_id).exists():
            raise NotFound
        _audit("updated", actor, group, {"runner_removed": runner_id})
        return _move([runner_id], default(group.owner))


def _only(found: RunnerGroup | None) -> RunnerGroup:
    if found is None:
        raise NotFound
    return found


def _again(group: RunnerGroup) -> RunnerGroup:
    """The row as it is now that the owner is locked."""
    return _only(group_settings.of(group.owner).filter(pk=group.pk).first())


def _lock(owner: Account) -> None:
    """One change of an owner's groups at a time."""
    Account.objects.select_for_update(no_key=True).get(pk=owner.pk)


def _selecting(group: RunnerGroup) -> RunnerGroup:
    _lock(group.owner)
    now = _again(group)
    if now.visibility != RunnerGroup.Visibility.SELECTED:
        raise Conflict(f"The visibility of the runner group {now.name} is {now.visibility}, not selected")
    return now


def _move(runner_ids: Iterable[int], group: RunnerGroup) -> list[int]:
    """Those of them that were in another group."""
    moved = list(
        group_settings.runners(group.owner).filter(pk__in=runner_ids).exclude(group=group).values_list("pk", flat=True)
    )
    Runner.objects.filter(pk__in=moved).update(group=group, changed_at=Now())
    return moved


def _changed(group: RunnerGroup) -> list[int]:
    members(group).update(changed_at=Now())
    return list(members(group).values_list("pk", flat=True))


def _apply(group: RunnerGroup, settings: Settings) -> None:
    """What stands in other tables."""
    if group.visibility != RunnerGroup.Visibility.SELECTED:
        group.selected_repositories.clear()
    elif settings.repository_ids is not None:
        group.selected_repositories.set(set(settings.repository_ids))
    if settings.runner_ids is not None:
        _move(settings.runner_ids, group)
    if settings.selected_workflows is not None:
        group.workflows.all().delete()
        rows = {one for text in settings.selected_workflows for one in group_settings.files(text)}
        RunnerGroupWorkflow.objects.bulk_create(RunnerGroupWorkflow(group=group, file=a, ref=b) for a, b in rows)


def _written(verb: str, actor: Actor, group: RunnerGroup, said: Settings | None = None) -> None:
    details = {} if said is None else {name: value for name, value in said.columns().items() if name != "name_key"}
    if said is not None and said.repository_ids is not None:
        details["repositories"] = sorted(set(said.repository_ids))
    if said is not None and said.runner_ids is not None:
        details["runners"] = sorted(set(said.runner_ids))
    _audit(verb, actor, group, details)


def _audit(verb: str, actor: Actor, group: RunnerGroup, details: Mapping[str, Any]) -> None:
    owner = group.owner
    audit.write(
        f"runner_group.{verb}", actor=actor, owner_id=owner.pk, scope=owner.login, names=[group.name], details=details
    )
