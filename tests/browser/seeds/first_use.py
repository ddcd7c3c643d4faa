"""A repository to be begun, one with code, runners of every state, and one in which every name is hostile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge.accounts.models import Account
    from forge.repos.models import Repository

#: What people could put where they choose the words: markup, colours, a terminal's link, turned text, a long word.
HOSTILE = (
    '<img src=x onerror=alert(1)>"&amp;\u202egnp.exe\u2066 \x1b[31mred\x1b]8;;https://evil.example\x07here\x1b]8;;\x07 '
    + "W" * 90
)
#: The same as far as git lets it into the name of a ref or file.
NAME = "<img-src=x-onerror=alert(1)>\u202egnp\u2066&amp;" + "W" * 60
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


def seed(rosa: Account) -> dict[str, int]:
    """All of it; the ids of what pages are addressed by."""
    from forge.accounts.actor import Actor
    from forge.repos import repositories

    actor = Actor.for_session(rosa)
    repositories.create(actor, "rosa", "fresh")
    words = repositories.create(actor, "rosa", "words", description="Counts words")
    commit(words, {"README.md": "# Words\n\nCounts `words`.\n", "src/words/count.py": CODE, "logo.bin": "\0\1"})
    commit(words, {"src/words/count.py": CODE.replace("no library", "by hand")}, "Say it better\n\nNobody asked.")
    commit(words, {"docs/notes.txt": f"turned \u202e{'x' * 300}\n"})
    _runners(words)
    return _hostile(rosa)


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


def _hostile(rosa: Account) -> dict[str, int]:
    from django.utils import timezone

    from forge.accounts.actor import Actor
    from forge.actions.models import Summary
    from forge.repos import repositories
    from forge.repos.models import Ref
    from tests import factories

    repository = repositories.create(Actor.for_session(rosa), "rosa", "hostile", description=HOSTILE[:350])
    files = {"README.md": f"# {HOSTILE}\n", f"{NAME}/{NAME}.py": f"x = '{HOSTILE}'\n"}
    sha = commit(repository, files, HOSTILE)
    branch = f"refs/heads/{NAME}"
    commit(repository, files, HOSTILE, branch)
    commit(repository, files, HOSTILE, f"refs/tags/{NAME}")
    Ref.objects.create(repository=repository, name=branch, sha=sha, sequence=1)
    workflow = factories.workflow(repository, f"{NAME[:80]}.yml", name=HOSTILE)
    run = factories.run(
        workflow, conclusion="failure", title=HOSTILE, actor=rosa, head_branch=NAME, head_sha=sha, workflow_name=HOSTILE
    )
    assert run.latest_attempt is not None
    job = factories.job(run.latest_attempt, HOSTILE[:100], conclusion="failure", runner_name=HOSTILE[:64])
    factories.log(job, (HOSTILE, [HOSTILE, f"##[error]{HOSTILE}"]))
    job.steps.update(conclusion="failure", outcome="failure")
    factories.annotation(job, HOSTILE, level="failure", path=f"{NAME}.py", start_line=1, step=1)
    Summary.objects.create(job=job, step=1, text=HOSTILE)
    waiting = factories.run(workflow, status="queued", title=HOSTILE, actor=rosa, head_branch=NAME, head_sha=sha)
    assert waiting.latest_attempt is not None
    factories.job(waiting.latest_attempt, "wait", status="queued", labels=[HOSTILE[:200]])
    name = "<img src=x onerror=alert(1)>\u202egnp" + "W" * 25
    seen = timezone.now() + timedelta(days=1)
    factories.runner(name, repository=repository, labels=[HOSTILE[:200]], last_seen_at=seen, version=name[:64])
    return {"hostile": run.pk, "hostile_job": job.pk, "hostile_waiting": waiting.pk}
