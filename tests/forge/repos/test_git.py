"""Reading refs, commits and files of real repositories."""

from __future__ import annotations

import subprocess

import pygit2
import pytest

from forge.repos import git
from forge.repos.models import Repository
from tests.forge.repos.conftest import Commit

MAIN = "refs/heads/main"


def test_a_new_repository_is_empty_and_on_its_default_branch(repository: Repository) -> None:
    git.init(repository)  # twice is harmless

    assert git.refs(repository) == {}
    assert git.head(repository) == "main"
    assert git.resolve(repository, "main") is None
    fsck = subprocess.run(["git", "-C", str(git.path(repository)), "fsck", "--strict"], check=False)
    assert fsck.returncode == 0


def test_names_are_branch_then_tag_then_commit(repository: Repository, commit: Commit) -> None:
    first, second = commit({"a": b"1"}), commit({"a": b"2"})
    folder = str(git.path(repository))
    subprocess.run(["git", "-C", folder, "tag", "main", first], check=True)
    subprocess.run(
        ["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "-m", "x", "v1", first],
        check=True,
    )

    assert git.resolve(repository, "main") == ("refs/heads/main", second)
    assert git.resolve(repository, "refs/tags/main") == ("refs/tags/main", first)
    assert git.resolve(repository, "v1") == ("refs/tags/v1", first)
    assert git.resolve(repository, first) == (first, first)
    assert git.resolve(repository, first[:7]) == (first, first)
    assert git.refs(repository)["refs/tags/v1"] != first
    assert git.branches(repository) == {"main": second}


@pytest.mark.parametrize(
    "name", ["", "nope", "a b", "..", "refs/heads/", "refs/forge/runs/1", "0" * 40, "\u2028", "x" * 500]
)
def test_what_is_no_name_of_anything_is_nothing(repository: Repository, commit: Commit, name: str) -> None:
    git.pin(repository, "1", commit({"a": b"1"}))

    assert git.resolve(repository, name) is None


def test_a_commit_is_described_as_in_a_push_event(repository: Repository, commit: Commit) -> None:
    sha = commit({"a": b"1"})

    found = git.commit(repository, sha)

    person = {"name": "Ann", "email": "ann@example.org", "date": "2023-11-15T00:13:20+02:00"}
    assert found == {
        "id": sha,
        "tree_id": found["tree_id"],
        "message": "Change\n\nmore",
        "timestamp": "2023-11-15T00:13:20+02:00",
        "author": person,
        "committer": person,
        "parents": [],
    }
    assert git.subject(found["message"]) == "Change"
    with pytest.raises(KeyError):
        git.commit(repository, git.ZERO)


def test_workflow_files_come_from_both_folders_flat_and_cut(repository: Repository, commit: Commit) -> None:
    sha = commit(
        {
            ".github/workflows/ci.yml": b"on: push",
            ".github/workflows/big.yaml": b"x" * (git.WORKFLOW_LIMIT + 100),
            ".github/workflows/notes.md": b"no",
            ".github/workflows/deeper/other.yml": b"no",
            ".shithub/workflows/ci.yml": b"on: pull_request",
            "ci.yml": b"no",
        }
    )

    found = dict(git.workflow_files(repository, sha))

    assert set(found) == {".github/workflows/ci.yml", ".github/workflows/big.yaml", ".shithub/workflows/ci.yml"}
    assert len(found[".github/workflows/big.yaml"]) == git.WORKFLOW_LIMIT + 1
    assert git.workflow_files(repository, commit({"a": b"none"}, branch="other")) == []


def test_changed_paths_name_both_sides(repository: Repository, commit: Commit) -> None:
    first = commit({"a": b"1", "b/c": b"1"})
    second = commit({"a": b"2", "d": b"1"})

    assert git.changed_paths(repository, first, second) == ["a", "b/c", "d"]
    assert git.changed_paths(repository, second, second) == []
    assert git.changed_paths(repository, git.ZERO, second) is None
    assert git.changed_paths(repository, "f" * 40, second) is None


def test_too_many_changed_paths_are_unknown(repository: Repository, commit: Commit) -> None:
    first = commit({"a": b"1"})
    second = commit({f"f{number}": b"1" for number in range(git.CHANGED_LIMIT + 1)})

    assert git.changed_paths(repository, first, second) is None


def came(pushed: git.Pushed) -> list[str]:
    return [one["id"] for one in pushed.commits]


def heads(repository: Repository) -> dict[str, str]:
    return {name: sha for name, sha in git.refs(repository).items() if name.startswith("refs/heads/")}


def test_commits_of_a_push_are_the_newest_oldest_first(repository: Repository, commit: Commit) -> None:
    made = [commit({"a": b"%d" % number}) for number in range(5)]
    branched = commit({"a": b"x"}, branch="topic", parents=[made[2]])

    tips = heads(repository)
    assert came(git.pushed(repository, MAIN, made[0], made[4], tips)) == made[1:]
    assert came(git.pushed(repository, MAIN, made[0], made[4], tips, limit=2)) == made[3:]
    assert came(git.pushed(repository, "refs/heads/topic", git.ZERO, branched, tips)) == [branched]


def test_a_new_branch_on_an_old_commit_brings_nothing(repository: Repository, commit: Commit) -> None:
    old, new = commit({"a": b"1"}), commit({"a": b"2"})
    commit({"a": b"2"}, branch="early", parents=[new])
    tips = {**heads(repository), "refs/heads/gone": "1" * 40}

    pushed = git.pushed(repository, "refs/heads/topic", git.ZERO, new, tips)
    assert (came(pushed), pushed.base_ref) == ([], MAIN)
    assert git.pushed(repository, "refs/tags/v1", git.ZERO, old, tips).base_ref is None


def test_a_push_says_what_its_commits_changed(repository: Repository, commit: Commit) -> None:
    first = commit({"a": b"1", "b/c": b"1"})
    second = commit({"a": b"2", "d": b"1"})
    pushed = git.pushed(repository, MAIN, git.ZERO, second, heads(repository))

    changes = [(one["added"], one["removed"], one["modified"]) for one in pushed.commits]
    assert changes == [(["a", "b/c"], [], []), (["d"], ["b/c"], ["a"])]
    assert [one["id"] for one in pushed.commits] == [first, second]


def test_what_too_many_paths_changed_is_not_said(repository: Repository, commit: Commit) -> None:
    first = commit({f"f{number}": b"1" for number in range(git.CHANGED_LIMIT)})
    second = commit({"a": b"1"})
    third = commit({"a": b"2"})
    pushed = git.pushed(repository, MAIN, first, third, heads(repository))

    assert [one["id"] for one in pushed.commits] == [second, third]
    assert [one.get("modified") for one in pushed.commits] == [None, ["a"]]


def test_a_commit_of_another_branch_is_not_distinct(repository: Repository, commit: Commit) -> None:
    first = commit({"a": b"1"})
    second = commit({"a": b"2"}, branch="topic", parents=[first])
    third = commit({"a": b"3"}, parents=[second])

    pushed = git.pushed(repository, MAIN, first, third, heads(repository))
    assert [(one["id"], one["distinct"]) for one in pushed.commits] == [(second, False), (third, True)]
    assert not pushed.forced


def test_what_leaves_commits_behind_is_forced(repository: Repository, commit: Commit) -> None:
    first, second = commit({"a": b"1"}), commit({"a": b"2"})
    other = commit({"a": b"3"}, parents=[first])

    assert git.pushed(repository, MAIN, second, other, heads(repository)).forced
    assert git.pushed(repository, MAIN, second, first, heads(repository)).forced
    assert git.pushed(repository, MAIN, "1" * 40, first, heads(repository)).forced
    assert not git.pushed(repository, MAIN, first, second, heads(repository)).forced
    assert git.pushed(repository, MAIN, first, "1" * 40, heads(repository)).commits == []


def test_files_and_folders_are_read(repository: Repository, commit: Commit) -> None:
    sha = commit({"a": b"one", "b/c": b"two"})

    assert git.read_file(repository, sha, "b/c") == b"two"
    assert git.read_file(repository, sha, "b") is None
    assert git.read_file(repository, sha, "no/such") is None


def test_a_pinned_commit_outlives_its_branch(repository: Repository, commit: Commit) -> None:
    commit({"a": b"0"}, branch="other")
    sha = commit({"a": b"1"})
    git.pin(repository, "7", sha)
    folder = str(git.path(repository))
    subprocess.run(["git", "-C", folder, "update-ref", "-d", "refs/heads/main"], check=True)
    subprocess.run(["git", "-C", folder, "gc", "--quiet", "--prune=now"], check=True)

    assert git.commit(repository, sha)["id"] == sha
    assert all(not name.startswith("refs/forge") for name in git.refs(repository))
    git.unpin(repository, "7")
    git.unpin(repository, "7")


@pytest.mark.parametrize(
    ("encoding", "raw", "text"),
    [
        ("", "café".encode(), "café"),
        ("", b"caf\xe9", "caf\ufffd"),
        ("latin1", b"caf\xe9", "café"),
        ("ISO-8859-1", b"caf\xe9", "café"),
        ("nonsense-9", b"caf\xe9", "caf\ufffd"),
        ("rot13", b"cafe", "cafe"),
        ("undefined", b"cafe", "cafe"),
        ("idna", b"caf\xe9", "caf\ufffd"),
        ("utf-7", b"x+2AA-x", "x\ufffdx"),
    ],
)
def test_a_commit_may_name_any_encoding(repository: Repository, encoding: str, raw: bytes, text: str) -> None:
    folder = pygit2.Repository(str(git.path(repository)))
    person = raw + b" <" + raw + b"@example.org> 1700000000 +9959"
    lines = [b"tree " + str(folder.TreeBuilder().write()).encode(), b"author " + person, b"committer " + person]
    lines += [b"encoding " + encoding.encode()] if encoding else []
    sha = str(folder.write(pygit2.enums.ObjectType.COMMIT, b"\n".join(lines) + b"\n\n" + raw + b"\n"))

    found = git.commit(repository, sha)

    assert (found["message"], found["author"]["name"]) == (text, text)
    assert found["committer"]["email"] == f"{text}@example.org"
    assert found["timestamp"].startswith("2023-11-1")
