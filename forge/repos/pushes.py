"""Pushes under way: a row stands before git gets the commands, so that none that git took is ever lost.

The order, kept by ``api.smart_http``: ``prepare`` → receive-pack → ``land`` → ``actions.events.settle``.
The sweep that finds a prepared row whose ``alive_at`` is old takes ``accepted_from_refs`` and goes on with
``land`` and ``settle`` in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models.functions import Now

from forge.accounts.models import Account
from forge.repos import git
from forge.repos.models import Push, Repository

Command = Mapping[str, str]
#: Seconds between two signs of life of a push under way.
ALIVE_EVERY = 10.0


def prepare(
    repository: Repository, account: Account | None, commands: Sequence[Command], *, by_job: bool = False
) -> Push:
    """Commit the row of a push that is about to be tried; each command is {"ref", "before", "after"}. A push
    ``by_job`` was made with a GITHUB_TOKEN."""
    wanted = [{"ref": one["ref"], "before": one["before"], "after": one["after"]} for one in commands]
    return Push.objects.create(repository=repository, pusher=account, commands=wanted, by_job=by_job)


def alive(push: Push) -> None:
    """Say that the process which carries the push still lives."""
    Push.objects.filter(pk=push.pk, state=Push.State.PREPARED).update(alive_at=Now())


def accepted_from_refs(push: Push) -> list[dict[str, str]]:
    """The commands of a push that took place, as far as the refs show it now."""
    now = git.refs(push.repository)
    return [one for one in push.commands if now.get(one["ref"], git.ZERO) == one["after"]]


def land(push: Push, accepted: Sequence[Command]) -> None:
    """What a push changes in the repository itself: ``pushed_at``, and the default branch when it does not
    exist while another branch has come (the first push of an empty repository)."""
    if not accepted:
        return
    repository = push.repository
    branch = _first_branch(repository, accepted)
    if branch is None:
        Repository.objects.filter(pk=repository.pk).update(pushed_at=Now())
        return
    git.set_head(repository, branch)
    Repository.objects.filter(pk=repository.pk).update(pushed_at=Now(), default_branch=branch)
    repository.default_branch = branch


def _first_branch(repository: Repository, accepted: Sequence[Command]) -> str | None:
    """The branch that becomes the default one, when the default branch does not exist."""
    start = "refs/heads/"
    came = [one["ref"][len(start) :] for one in accepted if one["ref"].startswith(start) and one["after"] != git.ZERO]
    # To look for one ref is cheap, to list all of them is not.
    if not came or git.resolve(repository, start + repository.default_branch) is not None:
        return None
    there = git.branches(repository)
    came = [name for name in came if name in there]
    if not came:
        return None
    usual = [name for name in ("main", "master") if name in came]
    return (usual or came)[0]
