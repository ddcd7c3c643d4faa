"""A repository to be begun, one with code, and runners of every state."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge.accounts.models import Account
    from forge.repos.models import Repository

CODE = '''\
"""Counts words."""

import sys


def count(text: str) -> dict[str, int]:
    """How often each word stands in it."""
    found: dict[str, int] = {}
    for word in text.split():
        found[word] = found.get(word, 0) + 1  # no library
    return found


if __name__ == "__main__":
    print(count(sys.stdin.read()))
'''


def seed(rosa: Account) -> None:
    """All of it."""
    from forge.accounts.actor import Actor
    from forge.repos import repositories

    actor = Actor.for_session(rosa)
    repositories.create(actor, "rosa", "fresh")
    words = repositories.create(actor, "rosa", "words", description="Counts words")
    commit(words, {"README.md": "# Words\n\nCounts `words`.\n", "src/words/count.py": CODE, "logo.bin": "\0\1"})
    commit(words, {"src/words/count.py": CODE.replace("no library", "by hand")}, "Say it better\n\nNobody asked.")
    commit(words, {"docs/notes.txt": f"turned \u202e{'x' * 300}\n"})
    _runners(words)


def commit(repository: Repository, files: dict[str, str], message: str = "Begin", ref: str = "refs/heads/main") -> str:
    """A commit with these files on top of a ref; its id."""
    from forge.repos import authoring, git, git_commands

    found = git.resolve(repository, ref)
    parent = found[1] if found else None
    rosa = authoring.Person("Rosa", "rosa@example.org")
    for path, text in files.items():
        there = git.at(repository, parent, path) if parent else None
        parent = authoring.write_file(
            repository,
            parent,
            path,
            text.encode(),
            expected=str(there.id) if there is not None else None,
            message=message,
            author=rosa,
            committer=rosa,
        ).sha
    assert parent is not None
    assert git_commands.output(repository, "update-ref", ref, parent).ok
    return parent


def _runners(repository: Repository) -> None:
    """Idle, busy with a job of this repository, draining and gone."""
    from django.utils import timezone

    from forge.actions.models import Claim
    from tests import factories

    # Seen at a time to come: nobody reports for them while the pages are looked at.
    now = timezone.now() + timedelta(days=1)
    factories.runner("idle-one", repository=repository, labels=["gpu"], last_seen_at=now, version="0.1.0")
    factories.runner("draining-one", repository=repository, last_seen_at=now, draining=True)
    factories.runner("gone-one", repository=repository)
    busy = factories.runner("busy-one", last_seen_at=now, ephemeral=True)
    run = factories.run(factories.workflow(repository), status="in_progress", title="Go on")
    assert run.latest_attempt is not None
    job = factories.job(run.latest_attempt, "build", status="in_progress", runner=busy)
    Claim.objects.create(job=job, runner=busy, epoch=1, request_key="k", lease_expires_at=now)
