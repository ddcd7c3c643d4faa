"""Commits made here, not pushed: one file written or deleted on top of a branch. Only objects are made; who
publishes them moves the branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pygit2
from django.utils import timezone
from pygit2.enums import FileMode, ObjectType

from forge.accounts import authorship
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos import git
from forge.repos.models import Repository

#: Bytes of a path, as git's own tools take them.
_PATH = 4096


@dataclass(frozen=True)
class Person:
    """Who wrote or committed something, and when (now, where that is None)."""

    name: str
    email: str
    date: datetime | None = None

    @classmethod
    def of(cls, account: Account) -> Person:
        """An account as git names it, under an address that tells nobody its own."""
        return cls(account.name or account.login, authorship.hidden_address(account))


@dataclass(frozen=True)
class Made:
    """A commit that no ref holds yet: what stood at the path before (None: nothing), and what stands there now."""

    sha: str
    parent: str | None
    before: str | None
    blob: str | None


def write_file(
    repository: Repository,
    parent: str | None,
    path: str,
    data: bytes,
    *,
    expected: str | None,
    message: str,
    author: Person,
    committer: Person,
) -> Made:
    """A commit on top of ``parent`` (None: the first) in which the file has these bytes. ``expected`` is the blob that
    is there now, None for a new file: Invalid when one is missing, Conflict when it is another."""
    store, parts = git.opened(repository), _parts(path)
    root = None if parent is None else store[parent].peel(pygit2.Tree)
    there = _there(root, parts)
    _check(there, expected, path)
    mode = FileMode.BLOB if there is None else FileMode(int(there.filemode))
    blob = store.create_blob(data)
    tree = _with(store, root, parts, blob, mode)
    sha = _committed(store, parent, tree, message, author, committer)
    return Made(sha, parent, None if there is None else str(there.id), str(blob))


def delete_file(
    repository: Repository, parent: str, path: str, *, expected: str, message: str, author: Person, committer: Person
) -> Made:
    """A commit without the file, and without folders that are empty then. NotFound when it is not there."""
    store, parts = git.opened(repository), _parts(path)
    root = store[parent].peel(pygit2.Tree)
    there = _there(root, parts)
    if there is None:
        raise NotFound
    _check(there, expected, path)
    tree = _without(store, root, parts) or store.TreeBuilder().write()
    sha = _committed(store, parent, tree, message, author, committer)
    return Made(sha, parent, str(there.id), None)


def _check(there: pygit2.Object | None, expected: str | None, path: str) -> None:
    if there is None:
        if expected:
            raise Conflict(f"{path} does not match {expected}")
        return
    if not expected:
        raise Invalid('Invalid request.\n\n"sha" wasn\'t supplied.', [FieldError("Content", "sha", "missing_field")])
    if str(there.id) != expected.lower():
        raise Conflict(f"{path} does not match {expected}")


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    wrong = any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts)
    if wrong or len(path.encode(errors="replace")) > _PATH:
        raise Invalid("path contains a malformed path component", [FieldError("Commit", "path", "invalid")])
    return parts


def _there(root: pygit2.Tree | None, parts: list[str]) -> pygit2.Object | None:
    """The file at the path; Invalid when a folder stands there, or a file where a folder would have to be."""
    here: pygit2.Object | None = root
    for number, part in enumerate(parts):
        if here is None:
            return None
        if not isinstance(here, pygit2.Tree):
            raise Invalid(f"{'/'.join(parts[:number])} is no folder", [FieldError("Commit", "path", "invalid")])
        here = here[part] if part in here else None  # noqa: SIM401 - a tree has no get
    if here is not None and here.type != ObjectType.BLOB:
        raise Invalid(f"{'/'.join(parts)} is no file", [FieldError("Commit", "path", "invalid")])
    return here


def _with(
    store: pygit2.Repository, tree: pygit2.Tree | None, parts: list[str], blob: pygit2.Oid, mode: FileMode
) -> pygit2.Oid:
    builder = store.TreeBuilder(tree) if tree is not None else store.TreeBuilder()
    name, rest = parts[0], parts[1:]
    if rest:
        inner = tree[name] if tree is not None and name in tree else None
        below = _with(store, inner if isinstance(inner, pygit2.Tree) else None, rest, blob, mode)
        builder.insert(name, below, FileMode.TREE)
    else:
        builder.insert(name, blob, mode)
    return builder.write()


def _without(store: pygit2.Repository, tree: pygit2.Tree, parts: list[str]) -> pygit2.Oid | None:
    """The tree without the path; None when nothing is left of it."""
    builder = store.TreeBuilder(tree)
    name, rest = parts[0], parts[1:]
    inner = tree[name]
    below = _without(store, inner, rest) if rest and isinstance(inner, pygit2.Tree) else None
    if below is None:
        builder.remove(name)
    else:
        builder.insert(name, below, FileMode.TREE)
    return builder.write() if len(builder) else None


def _committed(
    store: pygit2.Repository, parent: str | None, tree: pygit2.Oid, message: str, author: Person, committer: Person
) -> str:
    parents = [] if parent is None else [pygit2.Oid(hex=parent)]
    made = store.create_commit(None, _signature(author), _signature(committer), message, tree, parents)
    return str(made)


def _signature(person: Person) -> pygit2.Signature:
    moment = person.date or timezone.now()
    offset = moment.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    try:
        return pygit2.Signature(person.name, person.email, int(moment.timestamp()), minutes)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{person.name!r} <{person.email}> cannot be written into a commit",
            [FieldError("Commit", "author", "invalid")],
        ) from error
