"""What a job may push: anything but a change of workflow files, whichever way it comes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from pathlib import Path

import pygit2
import pytest

from forge.errors import Invalid
from forge.repos import git, quarantine
from forge.repos.models import Repository
from tests.forge.api.served import Git

pytestmark = pytest.mark.django_db

CI, OTHER = ".github/workflows/ci.yml", ".shithub/workflows/other.yml"


class Pushed:
    """A repository that holds ``main`` with two files, a branch ``side`` with another workflow, and a clone."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self.repository = repository
        git.init(repository)
        self.work = Git(folder)
        self.work("init", "-q", "-b", "main")
        self.first = self.commit({CI: "one", "README.md": "x"})
        self.main = self.commit({"README.md": "y"})
        self.work("checkout", "-qb", "side")
        self.side = self.commit({CI: "two", "side": "1"})
        self.work("checkout", "-q", "main")
        self.work("push", "-q", str(git.path(repository)), "main", "side")

    def commit(self, files: dict[str, str]) -> str:
        """One commit on what is checked out; an empty text deletes."""
        for name, text in files.items():
            place = self.work.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if text:
                place.write_text(text)
            else:
                place.unlink()
        self.work("add", "-A")
        self.work("commit", "-qm", "Change")
        return self.work("rev-parse", "HEAD")

    def pack(self, *wanted: str) -> bytes:
        """The objects that the repository has not, thin as a push sends them."""
        revisions = "\n".join([*wanted, "--not", self.main, self.side])
        command = ["git", "pack-objects", "--stdout", "--revs", "--thin", "-q"]
        done = subprocess.run(
            command, cwd=self.work.folder, env=self.work.environment, input=revisions.encode(), capture_output=True,
            check=True,
        )  # fmt: skip
        return done.stdout

    def refused(self, *changes: tuple[str, str, str]) -> dict[str, str]:
        """The refs that may not be pushed so: (ref, before, after)."""
        commands = [{"ref": ref, "before": before, "after": after} for ref, before, after in changes]
        after = [one for _, _, one in changes if one != git.ZERO]
        return asyncio.run(self._refused(commands, self.pack(*after)))

    async def _refused(self, commands: list[dict[str, str]], data: bytes) -> dict[str, str]:
        with tempfile.TemporaryFile() as pack:
            pack.write(data)
            pack.flush()
            pack.seek(0)
            async with quarantine.unpacked(self.repository, pack) as folder:
                found = quarantine.workflow_changes(self.repository, folder, commands)
        assert not folder.exists()
        return found


@pytest.fixture
def pushed(repository: Repository, tmp_path: Path) -> Pushed:
    return Pushed(repository, tmp_path / "work")


def words(path: str) -> str:
    return f"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        ({"README.md": "z"}, None),
        ({".github/dependabot.yml": "x", "workflows/ci.yml": "x"}, None),
        ({CI: "new"}, CI),
        ({CI: ""}, CI),
        ({OTHER: "new"}, OTHER),
        ({".github/workflows/sub/note.txt": "x"}, ".github/workflows/sub/note.txt"),
    ],
)
def test_what_a_commit_may_change(pushed: Pushed, files: dict[str, str], changed: str | None) -> None:
    new = pushed.commit(files)
    for ref, before in (("refs/heads/main", pushed.main), ("refs/heads/new", git.ZERO), ("refs/tags/v1", git.ZERO)):
        assert pushed.refused((ref, before, new)) == ({} if changed is None else {ref: words(changed)})


def test_what_is_taken_back_in_the_same_push_counts(pushed: Pushed) -> None:
    pushed.commit({CI: "new"})
    new = pushed.commit({CI: "one"})
    assert pushed.refused(("refs/heads/main", pushed.main, new)) == {"refs/heads/main": words(CI)}


def test_a_branch_at_a_commit_that_is_there(pushed: Pushed) -> None:
    for sha in (pushed.side, pushed.main, pushed.first):
        assert pushed.refused(("refs/heads/new", git.ZERO, sha)) == {}


def test_a_branch_may_not_move_to_other_workflows(pushed: Pushed) -> None:
    assert pushed.refused(("refs/heads/main", pushed.main, pushed.side)) == {"refs/heads/main": words(CI)}
    assert pushed.refused(("refs/heads/main", pushed.main, pushed.first)) == {}


def test_a_deletion_changes_no_file(pushed: Pushed) -> None:
    assert pushed.refused(("refs/heads/side", pushed.side, git.ZERO)) == {}


def test_a_merge_brings_what_one_side_had(pushed: Pushed) -> None:
    pushed.commit({"README.md": "z"})
    pushed.work("merge", "-q", "--no-edit", "side")
    merge = pushed.work("rev-parse", "HEAD")
    assert pushed.refused(("refs/heads/new", git.ZERO, merge)) == {}
    assert pushed.refused(("refs/heads/side", pushed.side, merge)) == {}
    assert pushed.refused(("refs/heads/main", pushed.main, merge)) == {"refs/heads/main": words(CI)}

    pushed.work("commit", "-q", "--amend", "--no-edit", "--allow-empty")
    (pushed.work.folder / CI).write_text("of neither side")
    pushed.work("commit", "-qa", "--amend", "--no-edit")
    evil = pushed.work("rev-parse", "HEAD")
    assert pushed.refused(("refs/heads/new", git.ZERO, evil)) == {"refs/heads/new": words(CI)}


def test_a_history_of_its_own_brings_no_workflows(pushed: Pushed) -> None:
    pushed.work("checkout", "-q", "--orphan", "apart")
    new = pushed.commit({"README.md": "z"})
    assert pushed.refused(("refs/heads/apart", git.ZERO, new)) == {"refs/heads/apart": words(CI)}


def test_an_annotated_tag_is_looked_through(pushed: Pushed) -> None:
    new = pushed.commit({CI: "new"})
    pushed.work("tag", "-a", "-m", "one", "v1", new)
    tag = pushed.work("rev-parse", "v1")
    pushed.work("tag", "-a", "-m", "old", "v0", pushed.main)
    old = pushed.work("rev-parse", "v0")

    assert pushed.refused(("refs/tags/v1", git.ZERO, tag)) == {"refs/tags/v1": words(CI)}
    assert pushed.refused(("refs/tags/v0", git.ZERO, old)) == {}


def test_each_ref_has_its_own_answer_and_nothing_is_left(pushed: Pushed) -> None:
    fine = pushed.commit({"README.md": "z"})
    bad = pushed.commit({CI: "new"})
    before = sorted(os.listdir(git.path(pushed.repository) / "objects"))

    assert pushed.refused(("refs/heads/a", git.ZERO, fine), ("refs/heads/b", git.ZERO, bad)) == {
        "refs/heads/b": words(CI)
    }
    assert sorted(os.listdir(git.path(pushed.repository) / "objects")) == before
    assert bad not in pygit2.Repository(str(git.path(pushed.repository)))


def test_what_cannot_be_read_is_refused(pushed: Pushed) -> None:
    commands = [{"ref": "refs/heads/x", "before": git.ZERO, "after": "1" * 40}]
    assert asyncio.run(pushed._refused(commands, b"")) == {"refs/heads/x": "the history of this push could not be read"}
    with pytest.raises(Invalid, match="pack could not be read"):
        asyncio.run(pushed._refused(commands, b"PACKnonsense"))
