"""A push looked at before git takes it: its objects in a folder of their own, beside those of the repository.

Only pushes by jobs are, and those with tokens that lack the scope ``workflow``: a GITHUB_TOKEN changes no workflow
files, or whoever runs a step could write the next run's steps, with whatever they may reach.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import pygit2
from django.conf import settings
from pygit2.enums import SortMode

from forge.errors import Invalid
from forge.repos import git
from forge.repos.models import Repository
from forge.threads import run_sync

#: What is said of a job, and of a person's token.
BY_JOB = "refusing to allow a GitHub App to create or update workflow `{}` without `workflows` permission"
BY_TOKEN = "refusing to allow a Personal Access Token to create or update workflow `{}` without `workflow` scope"
_UNREADABLE = "the history of this push could not be read"


@asynccontextmanager
async def unpacked(repository: Repository, pack: IO[bytes]) -> AsyncIterator[Path]:
    """The folder with the objects of a pack (a file with a descriptor; empty where only refs move), gone in
    the end. Invalid when the pack is broken."""
    folder = Path(await run_sync(tempfile.mkdtemp, prefix="push-", dir=settings.FILE_UPLOAD_TEMP_DIR))
    try:
        if os.fstat(pack.fileno()).st_size and not await git.index_pack(repository, pack, folder):
            raise Invalid("This is no git push: its pack could not be read")
        yield folder
    finally:
        await run_sync(shutil.rmtree, folder, ignore_errors=True)


def workflow_changes(
    repository: Repository, folder: Path, commands: Sequence[Mapping[str, str]], words: str = BY_JOB
) -> dict[str, str]:
    """The refs that may not be pushed since workflow files would change, each with GitHub's words.

    That is so when a ref would move between commits whose files differ, and when a commit comes that no ref
    holds yet with a file unlike that of each of its parents.
    """
    store = pygit2.Repository(str(git.path(repository)))
    store.odb.add_disk_alternate(str(folder))
    known = [found for ref in list(store.references) if (found := _tip(store, ref)) is not None]
    reasons = {}
    for one in commands:
        try:
            changed = next(_changed(store, known, one["before"], one["after"]), None)
        except (KeyError, pygit2.GitError):
            reasons[one["ref"]] = _UNREADABLE
        else:
            if changed is not None:
                reasons[one["ref"]] = words.format(_printable(changed))
    return reasons


def _changed(store: pygit2.Repository, known: Sequence[pygit2.Oid], before: str, after: str) -> Iterator[str]:
    """The paths of changed workflow files, unsorted."""
    if after == git.ZERO:
        return
    new = _commit(store, after)
    if new is None:  # a tag of a file or a folder: nothing runs there
        return
    old = None if before == git.ZERO else _commit(store, before)
    if old is not None:
        yield from _apart(_files(new), [_files(old)])
    walker = store.walk(new.id, SortMode.TOPOLOGICAL)
    for tip in known:
        walker.hide(tip)
    for commit in walker:
        yield from _apart(_files(commit), [_files(parent) for parent in commit.parents])


def _apart(files: Mapping[str, pygit2.Oid], before: Sequence[Mapping[str, pygit2.Oid]]) -> Iterator[str]:
    """Paths at which ``files`` is unlike every one of ``before`` (nothing, where there is none)."""
    others = before or [{}]
    if files in others:
        return
    for path in sorted({path for one in (files, *others) for path in one}):
        if all(files.get(path) != one.get(path) for one in others):
            yield path


def _files(commit: pygit2.Commit) -> dict[str, pygit2.Oid]:
    """Everything in the folders of workflows, by path; what stands in place of a folder counts too."""
    found: dict[str, pygit2.Oid] = {}
    for folder in git.WORKFLOW_FOLDERS:
        try:
            top = commit.tree[folder]
        except KeyError:
            continue
        found |= _below(top, folder)
    return found


def _below(entry: pygit2.Object, path: str) -> dict[str, pygit2.Oid]:
    if not isinstance(entry, pygit2.Tree):
        return {path: entry.id}
    return {name: oid for one in entry for name, oid in _below(one, f"{path}/{one.name}").items()}


def _tip(store: pygit2.Repository, ref: str) -> pygit2.Oid | None:
    found = _commit(store, str(store.references[ref].resolve().target))
    return None if found is None else found.id


def _commit(store: pygit2.Repository, sha: str) -> pygit2.Commit | None:
    """The commit behind an id, or behind the tag with that id; KeyError when nothing has that id."""
    try:
        return store[sha].peel(pygit2.Commit)
    except (ValueError, pygit2.GitError):
        return None


def _printable(path: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in path)
