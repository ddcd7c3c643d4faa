"""Commits in their order, and refs by their beginning: read by git's own programs, which stop when they have enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pygit2

from forge import storable
from forge.repos import git, git_commands
from forge.repos.models import Repository

_FORMAT = "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)"
_HIDDEN = "refs/forge"


@dataclass(frozen=True)
class Ref:
    """A ref by its full name; ``kind`` is what it points to, ``commit`` what is behind a tag's own object."""

    name: str
    sha: str
    kind: str
    commit: str


@dataclass(frozen=True)
class Filter:
    """Which commits are wanted: touching ``path``, committed ``since`` and ``until``, by one of these ``authors``
    (email addresses; no limit when None)."""

    path: str = ""
    since: datetime | None = None
    until: datetime | None = None
    authors: Sequence[str] | None = None

    def arguments(self) -> list[str]:
        """The same as git's options."""
        said = []
        if self.since is not None:
            said.append(f"--since={self.since.isoformat()}")
        if self.until is not None:
            said.append(f"--until={self.until.isoformat()}")
        if self.authors is not None:
            said += ["--fixed-strings", "--regexp-ignore-case", *(f"--author=<{one}>" for one in self.authors)]
        return said


#: No limit.
ALL = Filter()


def commits(
    repository: Repository,
    start: str,
    *,
    skip: int = 0,
    limit: int = 30,
    wanted: Filter = ALL,
) -> list[dict[str, Any]]:
    """Commits reachable from a commit (its full id), newest first, with what ``git.described`` says of each and their
    ``signature``."""
    if wanted.authors is not None and not wanted.authors:
        return []
    found = _listed(repository, start, wanted, f"--skip={skip}", f"--max-count={limit}")
    store = git.opened(repository)
    return [_shown(commit) for sha in found.split() if (commit := git.commit_of(store, sha.decode())) is not None]


def count(repository: Repository, start: str, *, most: int, wanted: Filter = ALL) -> int:
    """How many there are, counted up to ``most``."""
    if wanted.authors is not None and not wanted.authors:
        return 0
    return int(_listed(repository, start, wanted, "--count", f"--max-count={most}") or 0)


def commit(repository: Repository, sha: str) -> dict[str, Any]:
    """One commit in the same shape; ``KeyError`` when there is none."""
    found = git.commit_of(git.opened(repository), sha)
    if found is None:
        raise KeyError(sha)
    return _shown(found)


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    """The commit from which two others went apart; None where they share none, or one of them is not there."""
    store = git.opened(repository)
    first, second = git.commit_of(store, one), git.commit_of(store, other)
    found = store.merge_base(first.id, second.id) if first is not None and second is not None else None
    return None if found is None else str(found)


def refs(repository: Repository, start: str) -> list[Ref]:
    """The refs below ``start`` (``refs/heads/`` …), by name. Only that part of them is looked at: the pins of runs,
    of which there may be many, are never passed by."""
    if not git.path(repository).exists():
        return []
    printed = git_commands.output(repository, "for-each-ref", _FORMAT, start).data.decode("utf-8", "replace")
    rows = [line.split("\0") for line in printed.splitlines()]
    return [
        Ref(storable.text(name), sha, kind, inner or sha)
        for name, sha, kind, inner in rows
        if not name.startswith(_HIDDEN + "/")
    ]


def matching(repository: Repository, beginning: str) -> list[Ref]:
    """The refs whose full name begins so; ``beginning`` starts with ``refs/``."""
    folder = beginning[: beginning.rfind("/") + 1]
    starts = ["refs/heads/", "refs/tags/"] if folder == "refs/" else [folder]
    if any(one.startswith(_HIDDEN + "/") for one in starts):
        return []
    return [one for start in starts for one in refs(repository, start) if one.name.startswith(beginning)]


def _listed(repository: Repository, start: str, wanted: Filter, *options: str) -> bytes:
    """What ``git rev-list`` prints; nothing for a path that cannot be one."""
    path = wanted.path.strip("/")
    found = git_commands.output(
        repository, "rev-list", *options, *wanted.arguments(), start, "--", *([path] if path else [])
    )
    return found.data if found.ok else b""


def _shown(found: pygit2.Commit) -> dict[str, Any]:
    texts = [storable.text(part.decode("utf-8", "replace")) for part in found.gpg_signature if part]
    return {**git.described(found), "signature": texts or None}
