"""Repositories with real git folders, and commits made in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2
import pytest
from django.conf import settings

from forge.repos import git
from forge.repos.models import Repository
from tests import factories

Commit = Callable[..., str]


@pytest.fixture
def repository(db: None) -> Iterator[Repository]:
    """An empty repository with its folder."""
    made = factories.repository()
    git.init(made)
    yield made
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.fixture
def commit(repository: Repository) -> Commit:
    """Makes a commit of the given files on a branch: ``commit({"a": b"1"}, branch="main")`` gives its id."""

    def make(files: dict[str, bytes], *, branch: str = "main", parents: list[str] | None = None) -> str:
        folder = pygit2.Repository(str(git.path(repository)))
        index = pygit2.Index()
        for name, data in files.items():
            index.add(pygit2.IndexEntry(name, folder.create_blob(data), pygit2.enums.FileMode.BLOB))
        person = pygit2.Signature("Ann", "ann@example.org", 1_700_000_000, 120)
        before = [folder.branches[branch].target] if branch in folder.branches else []
        given = [pygit2.Oid(hex=one) for one in parents] if parents is not None else before
        made = folder.create_commit(None, person, person, "Change\n\nmore", index.write_tree(folder), given)
        folder.references.create(f"refs/heads/{branch}", made, force=True)
        return str(made)

    return make
