"""What a call says of a runner group, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid
from forge.repos.models import Repository
from forge.runners.models import Runner, RunnerGroup

MAX_NAME, MAX_WORKFLOW = 100, 900
_WORKFLOW = re.compile(r"(?P<owner>[^/@\s]+)/(?P<name>[^/@\s]+)/(?P<path>[^@\s]+\.ya?ml)@(?P<ref>\S+)")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Settings:
    """What a call says of a group; None where it says nothing."""

    name: str | None = None
    visibility: str | None = None
    repository_ids: Sequence[int] | None = None
    runner_ids: Sequence[int] | None = None
    allows_public_repositories: bool | None = None
    restricted_to_workflows: bool | None = None
    selected_workflows: Sequence[str] | None = None

    def columns(self) -> dict[str, Any]:
        """What is said, by the row's columns."""
        said: dict[str, Any] = {
            "visibility": self.visibility,
            "allows_public_repositories": self.allows_public_repositories,
            "restricted_to_workflows": self.restricted_to_workflows,
            "selected_workflows": None if self.selected_workflows is None else list(self.selected_workflows),
        }
        if self.name is not None:
            said |= {"name": self.name.strip(), "name_key": self.name.strip().lower()}
        return {name: value for name, value in said.items() if value is not None}


def files(text: str) -> list[tuple[str, str]]:
    """A workflow as it was given, as jobs know theirs: a short ref may be a branch or a tag. Empty for no workflow."""
    found = _WORKFLOW.fullmatch(text.strip())
    if found is None:
        return []
    file, ref = f"{found['owner'].lower()}/{found['name'].lower()}/{found['path']}", found["ref"]
    whole = ref.startswith("refs/") or _SHA.fullmatch(ref)
    return [(file, one) for one in ([ref] if whole else [f"refs/heads/{ref}", f"refs/tags/{ref}"])]


def check(owner: Account, said: Settings, group: RunnerGroup | None = None, *, required: bool = False) -> None:
    """Refuse what is no name, visibility, repository, runner or workflow; Conflict for a name that is taken."""
    wrong = dict(_wrong(owner, said, group, required=required))
    if wrong:
        errors = [FieldError("RunnerGroup", field, "invalid", reason) for field, reason in wrong.items()]
        raise Invalid("Validation Failed", errors)
    name = (said.name or "").strip()
    if name and of(owner).filter(name_key=name.lower()).exclude(number=group.number if group else 0).exists():
        raise Conflict(f"{owner.login} has a runner group named {name} already")


def _wrong(owner: Account, said: Settings, group: RunnerGroup | None, *, required: bool) -> Iterable[tuple[str, str]]:
    name = None if said.name is None else said.name.strip()
    if (required and not name) or (name is not None and not 0 < len(name) <= MAX_NAME) or "/" in (name or ""):
        yield "name", f"must be 1 to {MAX_NAME} characters without a slash"
    elif name and group is not None and group.is_default and name != group.name:
        yield "name", "the default runner group keeps its name"
    if said.visibility is not None and said.visibility not in RunnerGroup.Visibility.values:
        yield "visibility", f"must be one of {', '.join(RunnerGroup.Visibility.values)}"
    if unknown := set(said.repository_ids or ()) - set(repositories(owner.pk).values_list("pk", flat=True)):
        yield "selected_repository_ids", f"{owner.login} has no repository {_some(unknown)}"
    if unknown := set(said.runner_ids or ()) - set(runners(owner).values_list("pk", flat=True)):
        yield "runners", f"{owner.login} has no runner {_some(unknown)}"
    if bad := [text for text in said.selected_workflows or () if not files(text) or len(text) > MAX_WORKFLOW]:
        yield "selected_workflows", f"{bad[0][:200]!r} is no owner/repository/path.yml@ref"


def _some(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)[:5]))


def of(owner: Account) -> QuerySet[RunnerGroup]:
    """The groups of an owner that have a row."""
    return RunnerGroup.objects.select_related("owner").filter(owner=owner)


def repositories(owner_id: int) -> QuerySet[Repository]:
    """The repositories that its groups can be open to."""
    return Repository.objects.filter(owner=owner_id, deleted_at=None)


def runners(owner: Account) -> QuerySet[Runner]:
    """The runners that can be in them."""
    return Runner.objects.filter(owner=owner, removed_at=None)
