"""What people do with whole repositories: create, change, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from forge.accounts import audit, users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind, Membership
from forge.errors import FieldError, Forbidden, Invalid
from forge.repos import access, git, history
from forge.repos.models import Repository, Right

#: What ``update`` writes.
_CHANGEABLE = ("name", "name_key", "private", "description", "default_branch", "updated_at")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[/.-]|[/.]$|^@$")


def create(
    actor: Actor,
    owner_login: str,
    name: str,
    *,
    private: bool = False,
    description: str = "",
    default_branch: str = "main",
) -> Repository:
    """A new empty repository, folder and all. ``Invalid`` for a bad name or one that is taken (as GitHub
    has it), ``Forbidden`` where the actor may not create, ``NotFound`` for an unknown owner."""
    owner = users.find(owner_login)
    _check_creator(actor, owner, private=private)
    name = name.strip().removesuffix(".git")
    check_name(name)
    check_branch(default_branch)
    _check_description(description)
    repository = Repository(
        owner=owner,
        name=name,
        name_key=name.lower(),
        private=private,
        description=description,
        default_branch=default_branch,
        # A new repository begins with what its organisation allows; a person's own begins restricted.
        default_workflow_permissions=owner.default_workflow_permissions,
        can_approve_pull_request_reviews=owner.can_approve_pull_request_reviews,
    )
    with transaction.atomic():
        _save(repository)
        _audit("created", actor, repository, {"visibility": _visibility(private)})
    git.init(repository)
    repository.refresh_from_db()
    return repository


def update(
    actor: Actor,
    repository: Repository,
    *,
    name: str | None = None,
    private: bool | None = None,
    description: str | None = None,
    default_branch: str | None = None,
) -> Repository:
    """Change what is given. The default branch must exist once the repository has branches."""
    _need_admin(actor, repository)
    before = _told(repository)
    if name is not None and name != repository.name:
        check_name(name)
        repository.name, repository.name_key = name, name.lower()
    if private is not None:
        repository.private = private
    if description is not None:
        _check_description(description)
        repository.description = description
    moved = default_branch is not None and default_branch != repository.default_branch
    if default_branch is not None and moved:
        _check_default(repository, default_branch)
        repository.default_branch = default_branch
    with transaction.atomic():
        _save(repository, _CHANGEABLE)
        changed = {key: [was, now] for key, now in _told(repository).items() if (was := before[key]) != now}
        if changed:
            _audit("changed", actor, repository, changed)
    if moved:
        ensure_folder(repository)
        git.set_head(repository, repository.default_branch)
    return repository


def delete(actor: Actor, repository: Repository) -> None:
    """Delete a repository: from now on it exists for nobody, and its name is free.

    Its live jobs are ended and its rows and files removed later, by the engine's sweep
    (``actions.deletion``). Deleting twice changes nothing.
    """
    _need_admin(actor, repository)
    if not (actor.allows("delete_repo") or actor.allows("repo")):
        raise Forbidden("This token may not delete repositories", ("delete_repo", "repo"))
    with transaction.atomic():
        if Repository.objects.filter(pk=repository.pk, deleted_at=None).update(deleted_at=Now()):
            _audit("deleted", actor, repository, {})


def delete_organization(actor: Actor, organization: Account) -> None:
    """Delete an organisation with all of its repositories: from now on they exist for nobody. The rest of it, and
    with it its login, goes once the engine's sweep has taken its repositories apart."""
    with transaction.atomic():
        for one in Repository.objects.select_related("owner").filter(owner=organization, deleted_at=None):
            Repository.objects.filter(pk=one.pk, deleted_at=None).update(deleted_at=Now())
            _audit("deleted", actor, one, {"because": "organization.deleted"})
        if Account.objects.filter(pk=organization.pk, is_active=True).update(is_active=False):
            audit.write(
                "organization.deleted",
                actor=actor,
                owner_id=organization.pk,
                scope=f"the organization {organization.login}",
                names=[organization.login],
            )


def ensure_folder(repository: Repository) -> None:
    """Make the folder where a create died between its row and its folder."""
    git.init(repository)


def check_name(name: str) -> None:
    """GitHub's rules for the name of a repository."""
    if not _NAME.fullmatch(name) or name in (".", "..") or name.lower().endswith((".git", ".atom", ".wiki")):
        raise Invalid(
            "Repository creation failed.",
            [FieldError("Repository", "name", "custom", "name may hold letters, digits and . - _, 100 at most")],
        )


def check_branch(name: str) -> None:
    """git's rules for the name of a branch."""
    if not name or len(name) > 255 or _BRANCH_REFUSED.search(name):
        raise Invalid(
            f"{name!r} cannot be the name of a branch", [FieldError("Repository", "default_branch", "invalid")]
        )


def _check_default(repository: Repository, branch: str) -> None:
    check_branch(branch)
    if not git.path(repository).exists() or git.resolve(repository, f"refs/heads/{branch}") is not None:
        return
    if history.refs(repository, "refs/heads/"):
        raise Invalid(
            f"The branch {branch} was not found. Push it first, then make it the default branch.",
            [FieldError("Repository", "default_branch", "invalid")],
        )


def _check_description(text: str) -> None:
    if len(text) > 350:
        raise Invalid(
            "description cannot be more than 350 characters",
            [FieldError("Repository", "description", "custom", "description cannot be more than 350 characters")],
        )


def _check_creator(actor: Actor, owner: Account, *, private: bool) -> None:
    wanted = ("repo",) if private else ("repo", "public_repo")
    account = actor.account
    if account is None:
        raise Forbidden("You must sign in to create a repository", wanted)
    if actor.only_repository_id is not None:
        raise Forbidden("This token is bound to one repository and cannot create others")
    if not any(actor.allows(scope) for scope in wanted):
        raise Forbidden("This token may not create repositories", wanted)
    if account.pk == owner.pk or account.is_site_admin:
        return
    if owner.kind != Kind.ORGANIZATION:
        raise Forbidden(f"You cannot create repositories for {owner.login}")
    member = Membership.objects.filter(organization=owner, user=account).first()
    if member is None:
        raise Forbidden(f"You are no member of {owner.login}")
    if member.role != Membership.Role.OWNER and not _members_may_create(owner, private=private):
        raise Forbidden(f"Only owners of {owner.login} can create its {_visibility(private)} repositories")


def _members_may_create(organization: Account, *, private: bool) -> bool:
    if private:
        return organization.members_can_create_private_repositories
    return organization.members_can_create_public_repositories


def _visibility(private: bool) -> str:
    return "private" if private else "public"


def _told(repository: Repository) -> dict[str, str]:
    """What an audit entry says of a change, before and after."""
    return {
        "name": repository.name,
        "visibility": _visibility(repository.private),
        "description": repository.description,
        "default_branch": repository.default_branch,
    }


def _audit(word: str, actor: Actor, repository: Repository, details: Mapping[str, Any]) -> None:
    audit.write(
        f"repository.{word}",
        actor=actor,
        owner_id=repository.owner_id,
        repository_id=repository.pk,
        scope=f"the repository {repository.full_name}",
        names=[repository.name],
        details=details,
    )


def _need_admin(actor: Actor, repository: Repository) -> None:
    if access.right_of(actor, repository) < Right.ADMIN:
        raise Forbidden(f"You need admin access to {repository.full_name} for this", ("repo",))


def _save(repository: Repository, fields: Sequence[str] | None = None) -> None:
    """Write the row, or only these fields: the others, such as counters, may have moved since it was read."""
    try:
        with transaction.atomic():
            repository.save(update_fields=fields)
    except IntegrityError as error:
        if not Repository.objects.filter(
            owner=repository.owner, name_key=repository.name_key, deleted_at=None
        ).exists():
            raise
        raise Invalid(
            "Repository creation failed.",
            [FieldError("Repository", "name", "custom", "name already exists on this account")],
        ) from error
