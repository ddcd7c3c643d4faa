"""What an address below a repository means: a branch, tag or commit, whose name may hold slashes, and a path there."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from forge.errors import NotFound
from forge.repos import git
from forge.repos.models import Repository

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
#: Parts that the name of a ref may have.
_DEEP = 20


@dataclass(frozen=True)
class Crumb:
    """A folder above, or the thing itself."""

    name: str
    path: str


@dataclass(frozen=True)
class Place:
    """A path at a commit. ``ref`` is the commit's name as people say it, ``full`` the whole name of the branch or tag,
    or the commit's id."""

    ref: str
    full: str
    sha: str
    path: str = ""

    @property
    def branch(self) -> str:
        """The branch's short name; "" where it is none."""
        return self.full.removeprefix(_HEADS) if self.full.startswith(_HEADS) else ""

    @property
    def is_commit(self) -> bool:
        """Whether a commit is named by its id."""
        return self.full == self.sha

    @property
    def shown(self) -> str:
        """What the page calls it: seven digits of an id."""
        return self.sha[:7] if self.is_commit else self.ref

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The rest of it."""
        return self.path.rpartition("/")[0]

    @property
    def crumbs(self) -> list[Crumb]:
        """The folders on the way, from the top, and the last part."""
        parts = self.path.split("/") if self.path else []
        return [Crumb(part, "/".join(parts[: number + 1])) for number, part in enumerate(parts)]

    @property
    def quoted(self) -> str:
        """Ref and path as an address has them."""
        return quote("/".join(part for part in (self.ref, self.path) if part))


def find(repository: Repository, rest: str) -> Place:
    """What stands behind ``tree/`` and the like: a branch before a tag before a commit, then a path in it. ``HEAD`` is
    the default branch. NotFound when nothing has such a name."""
    parts = [part for part in rest.split("/") if part]
    if not parts or not git.path(repository).exists():
        raise NotFound
    if parts[0] == "HEAD":
        parts = [*repository.default_branch.split("/"), *parts[1:]]
    for start in (_HEADS, _TAGS):
        for count in range(1, min(len(parts), _DEEP) + 1):
            name = "/".join(parts[:count])
            if found := git.resolve(repository, start + name):
                return Place(name, *found, "/".join(parts[count:]))
    commit = git.resolve(repository, parts[0])
    if commit is None or commit[0] != commit[1]:
        raise NotFound(f"There is no branch, tag or commit with the name {parts[0]} here.")
    return Place(commit[1], *commit, "/".join(parts[1:]))


def head(repository: Repository) -> Place | None:
    """The top of the default branch; None while nothing was pushed there."""
    found = git.resolve(repository, _HEADS + repository.default_branch) if git.path(repository).exists() else None
    return None if found is None else Place(repository.default_branch, *found)


def branch(repository: Repository, rest: str) -> Place:
    """A branch and a path, for a commit upon it. In a repository without branches the default one is there, without
    commits (``sha`` is ``git.ZERO``). NotFound for tags and commits: nothing can be put upon those."""
    if head(repository) is None and not (git.path(repository).exists() and git.branches(repository)):
        name = repository.default_branch
        if rest == name or rest.startswith(name + "/"):
            return Place(name, _HEADS + name, git.ZERO, rest.removeprefix(name).strip("/"))
        raise NotFound
    found = find(repository, rest)
    if not found.branch:
        raise NotFound(f"{found.shown} is no branch: files are changed on branches only.")
    return found
