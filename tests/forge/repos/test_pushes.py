"""What a push leaves in the database and in the repository itself."""

from __future__ import annotations

import pytest

from forge.repos import git, pushes
from forge.repos.models import Push, Repository
from tests.forge.repos.conftest import Commit


def command(ref: str, after: str, before: str = git.ZERO) -> dict[str, str]:
    return {"ref": ref, "before": before, "after": after}


def test_a_prepared_push_lives_as_long_as_it_says(repository: Repository) -> None:
    push = pushes.prepare(repository, repository.owner, [command("refs/heads/a", "1" * 40)])
    Push.objects.filter(pk=push.pk).update(alive_at="2020-01-01T00:00:00Z")

    pushes.alive(push)

    row = Push.objects.get(pk=push.pk)
    assert row.state == "prepared"
    assert row.alive_at.year > 2020
    assert row.commands == [command("refs/heads/a", "1" * 40)]


@pytest.mark.parametrize(
    ("came", "default"), [(["trunk"], "trunk"), (["a", "master"], "master"), (["b", "a"], "b"), (["a", "main"], "main")]
)
def test_the_first_branch_becomes_the_default_one(
    repository: Repository, commit: Commit, came: list[str], default: str
) -> None:
    accepted = [command(f"refs/heads/{name}", commit({"a": b"1"}, branch=name)) for name in came]
    push = pushes.prepare(repository, None, accepted)

    pushes.land(push, accepted)

    repository.refresh_from_db()
    assert repository.default_branch == git.head(repository) == default
    assert repository.pushed_at is not None


def test_a_default_branch_that_is_there_stays(repository: Repository, commit: Commit) -> None:
    commit({"a": b"1"})
    accepted = [command("refs/heads/other", commit({"a": b"2"}, branch="other"))]

    pushes.land(pushes.prepare(repository, None, accepted), accepted)

    repository.refresh_from_db()
    assert repository.default_branch == "main"


def test_a_push_of_nothing_is_no_push(repository: Repository) -> None:
    pushes.land(pushes.prepare(repository, None, []), [])

    repository.refresh_from_db()
    assert repository.pushed_at is None


def test_the_refs_tell_what_took_place(repository: Repository, commit: Commit) -> None:
    there = command("refs/heads/main", commit({"a": b"1"}))
    gone = command("refs/heads/gone", git.ZERO, before="1" * 40)
    failed = command("refs/heads/failed", "3" * 40)

    push = pushes.prepare(repository, None, [there, gone, failed])

    assert pushes.accepted_from_refs(push) == [there, gone]
