"""What stands before somebody who lets a stranger's run go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from forge.accounts.models import Account
from forge.actions.models import Run
from forge.repos.models import Collaborator, Repository, Right
from forge.web import approvals
from tests import factories

FILES = {".github/workflows/ci.yml": "on: push\n", ".github/workflows/old.yml": "on: push\n", "README.md": "hello"}


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.REPOSITORIES = str(tmp_path)


def _held(widget: Repository, by: Account, sha: str, **more: Any) -> Run:
    workflow = factories.workflow(widget, f"w{Run.objects.count()}.yml")
    return factories.run(workflow, status="waiting", actor=by, head_sha=sha, attempt={"hold": "approval"}, **more)


@pytest.fixture
def base(widget: Repository) -> str:
    """The commit of the default branch."""
    return factories.push(widget, FILES, "refs/heads/main")


def test_changed_workflow_files_are_named(
    person: Client, stranger: Client, widget: Repository, other: Account, base: str
) -> None:
    theirs = {".github/workflows/ci.yml": "on: [push]\n", ".github/workflows/new.yml": "on: push\n", "README.md": "x"}
    sha = factories.push(widget, theirs, "refs/heads/theirs", parents=[base])
    later = {**FILES, ".github/workflows/later.yml": "on: push\n"}
    factories.push(widget, later, "refs/heads/main", parents=[base])
    run = _held(widget, other, sha)
    changes = approvals.of_run(run).changes
    assert [(one.path.rpartition("/")[2], one.how) for one in changes or ()] == [
        ("ci.yml", "changed"),
        ("new.yml", "added"),
        ("old.yml", "removed"),
    ]
    page = person.get(f"/rosa/widget/actions/runs/{run.pk}").content.decode()
    assert f'href="/rosa/widget/blob/{sha}/.github/workflows/new.yml"' in page
    assert "Approve and run" in page
    page = stranger.get(f"/rosa/widget/actions/runs/{run.pk}").content.decode()
    assert "Approve and run" not in page
    assert "you cannot approve it" in page


def test_no_changed_file_and_no_base(person: Client, widget: Repository, other: Account, base: str) -> None:
    sha = factories.push(widget, {**FILES, "README.md": "y"}, "refs/heads/theirs", parents=[base])
    same = _held(widget, other, sha)
    assert approvals.of_run(same).changes == ()
    assert "It changes no workflow file" in person.get(f"/rosa/widget/actions/runs/{same.pk}").content.decode()
    alone = _held(widget, other, factories.push(widget, {"other.txt": "z"}, "refs/heads/orphan"))
    assert approvals.of_run(alone).changes is None
    assert "shares nothing with main" in person.get(f"/rosa/widget/actions/runs/{alone.pk}").content.decode()
    gone = _held(widget, other, "f" * 40)
    assert approvals.of_run(gone).changes is None


def test_who_is_a_first_time_contributor(widget: Repository, rosa: Account, other: Account, base: str) -> None:
    first, second = _held(widget, other, base), _held(widget, other, base)
    assert approvals.of_run(first).is_first
    assert approvals.of_run(second).is_first  # the first was not let go on
    assert not approvals.of_run(_held(widget, rosa, base)).is_first
    first.attempts.update(hold="")
    assert not approvals.of_run(second).is_first
    assert approvals.of_run(first).is_first  # what came later does not count
    first.attempts.update(hold="approval")
    Collaborator.objects.create(repository=widget, user=other, right=Right.WRITE)
    assert not approvals.of_run(second).is_first
