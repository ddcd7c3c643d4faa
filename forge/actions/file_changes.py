"""Files changed without a clone: a commit on top of a branch, published as a push is, so that workflows run.

A row is written before the branch moves, and the branch moves only from where it was seen: whoever pushes at
the same time wins or loses as with two pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.actions import events
from forge.errors import Conflict, Forbidden, NotFound
from forge.repos import access, authoring, git, git_commands, history, pushes, quarantine, repositories
from forge.repos.authoring import Made, Person
from forge.repos.models import Repository

_HEADS = "refs/heads/"


class Signers(NamedTuple):
    """Who wrote and who committed, where the asker names somebody else than oneself."""

    author: Person | None = None
    committer: Person | None = None


#: Nobody else is named.
ONESELF = Signers()


def put(
    actor: Actor,
    repository: Repository,
    path: str,
    data: bytes,
    *,
    sha: str | None,
    message: str,
    branch: str = "",
    signers: Signers = ONESELF,
) -> Made:
    """Write a file, new (``sha`` None) or in place of the blob ``sha``. Errors as ``authoring.write_file`` has them;
    NotFound for an unknown branch, Conflict when the branch has moved on, Forbidden for a workflow file where the
    credential may not change those."""
    author, committer = _signers(actor, signers)

    def make(parent: str | None) -> Made:
        return authoring.write_file(
            repository, parent, path, data, expected=sha, message=message, author=author, committer=committer
        )

    return _change(actor, repository, path, branch, make)


def delete(
    actor: Actor,
    repository: Repository,
    path: str,
    *,
    sha: str,
    message: str,
    branch: str = "",
    signers: Signers = ONESELF,
) -> Made:
    """Delete the file whose blob is ``sha``. Errors as of ``put``; NotFound when it is not there."""
    author, committer = _signers(actor, signers)

    def make(parent: str | None) -> Made:
        if parent is None:
            raise NotFound
        return authoring.delete_file(
            repository, parent, path, expected=sha, message=message, author=author, committer=committer
        )

    return _change(actor, repository, path, branch, make)


def _signers(actor: Actor, given: Signers) -> tuple[Person, Person]:
    """GitHub's defaults: who commits is who asks, and who wrote is who commits."""
    account = users.author(actor)
    if account is None:
        raise Forbidden("You must sign in to change files")
    committer = given.committer or Person.of(account)
    return given.author or committer, committer


def _change(actor: Actor, repository: Repository, path: str, branch: str, make: Callable[[str | None], Made]) -> Made:
    _check_workflows(actor, path)
    repositories.ensure_folder(repository)
    name = branch or repository.default_branch
    parent = _tip(repository, name)
    made = make(parent)
    change = {"ref": _HEADS + name, "before": parent or git.ZERO, "after": made.sha}
    _publish(actor, repository, change)
    return made


def _tip(repository: Repository, branch: str) -> str | None:
    """The commit of a branch; None for the first one of an empty repository."""
    found = git.resolve(repository, _HEADS + branch)
    if found is not None:
        return found[1]
    if history.refs(repository, _HEADS):
        raise NotFound(f"Branch {branch} not found: Not Found")
    repositories.check_branch(branch)
    return None


def _check_workflows(actor: Actor, path: str) -> None:
    """Workflow files are for people, and for tokens that were made for them."""
    inside = any(path == folder or path.startswith(folder + "/") for folder in git.WORKFLOW_FOLDERS)
    if not inside:
        return
    if actor.kind == "job":
        raise Forbidden(access.BY_INTEGRATION)
    if not actor.allows("workflow"):
        raise Forbidden(quarantine.BY_TOKEN.format(path), ("workflow",))


def _publish(actor: Actor, repository: Repository, change: Mapping[str, str]) -> None:
    push = pushes.prepare(repository, users.author(actor), [change], by_job=actor.kind == "job")
    moved = git_commands.output(repository, "update-ref", change["ref"], change["after"], change["before"])
    accepted = [change] if moved.ok else []
    pushes.land(push, accepted)
    events.settle(push, accepted)
    if not accepted:
        raise Conflict(f"{change['ref']} is no longer at {change['before']}; look again, then try again")
