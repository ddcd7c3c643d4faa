"""Folders and files at a commit, as the API shows them. Nothing is read but what is asked for: sizes come from
the objects' headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from forge import storable
from forge.repos import git
from forge.repos.models import Repository

#: Entries of one folder that are shown, as on GitHub.
ENTRIES = 1000
#: Where a README is looked for, in this order, as GitHub does.
README_FOLDERS = (".github", "", "docs")
_README = re.compile(r"readme(\.[a-z0-9]+)?", re.IGNORECASE)
_KINDS = {FileMode.TREE: "dir", FileMode.LINK: "symlink", FileMode.COMMIT: "submodule"}
_MODULE = re.compile(r'\[submodule "[^\n]*"\]')
_SETTING = re.compile(r"\s*(path|url)\s*=\s*(.*?)\s*")


@dataclass(frozen=True)
class Entry:
    """Something in a tree: ``kind`` is file, dir, symlink or submodule; ``size`` in bytes (0 for what has none)."""

    name: str
    path: str
    kind: str
    sha: str
    size: int = 0
    mode: int = FileMode.BLOB


def find(repository: Repository, sha: str, place: str) -> Entry | None:
    """What stands at a path of a commit; the commit's whole tree for ``""``. None: nothing."""
    found = git.at(repository, sha, place)
    inner = place.strip("/")
    if found is None:
        return None
    if not inner:
        return Entry("", "", "dir", str(found.id), mode=FileMode.TREE)
    return _entry(git.opened(repository), found, inner)


def files(repository: Repository, sha: str, places: Iterable[str]) -> frozenset[str]:
    """Those of these paths that are files of a commit; none when the commit is not there."""
    commit = git.commit_of(git.opened(repository), sha) if git.path(repository).exists() else None
    if commit is None:
        return frozenset()
    return frozenset(place for place in places if _is_file(commit.tree, place))


def _is_file(tree: pygit2.Tree, place: str) -> bool:
    try:
        return isinstance(tree[place], pygit2.Blob)
    except (KeyError, ValueError):
        return False


def entries(repository: Repository, tree: str, place: str) -> list[Entry]:
    """What stands in the folder ``place``, whose tree has this id, by name: the first ``ENTRIES``."""
    store = git.opened(repository)
    found = store[tree]
    assert isinstance(found, pygit2.Tree)
    start = f"{place.strip('/')}/" if place.strip("/") else ""
    return [_entry(store, one, start + str(one.name)) for one, _ in zip(found, range(ENTRIES), strict=False)]


def data(repository: Repository, blob: str) -> bytes:
    """The bytes of a file."""
    found = git.opened(repository)[blob]
    assert isinstance(found, pygit2.Blob)
    return found.data


def readme(repository: Repository, sha: str, folder: str | None = None) -> Entry | None:
    """The README of a folder, or the one that GitHub would show for the whole repository."""
    for place in README_FOLDERS if folder is None else (folder,):
        tree = git.at(repository, sha, place)
        if not isinstance(tree, pygit2.Tree):
            continue
        names = [str(one.name) for one in tree if isinstance(one, pygit2.Blob) and _README.fullmatch(str(one.name))]
        # README.md before any other, then by name.
        for name in sorted(names, key=lambda name: (not name.lower().endswith(".md"), name)):
            return find(repository, sha, f"{place.strip('/')}/{name}")
    return None


def link_target(repository: Repository, sha: str, link: Entry) -> tuple[str, Entry | None]:
    """Where a symbolic link points, and the file there if it is one of the same commit."""
    target = data(repository, link.sha).decode("utf-8", "replace")
    steps: list[str] = [] if target.startswith("/") else link.path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            if not steps:
                return target, None
            steps.pop()
        elif part not in ("", "."):
            steps.append(part)
    inside = not target.startswith("/") and steps
    found = find(repository, sha, "/".join(steps)) if inside else None
    return target, found if found is not None and found.kind == "file" else None


def submodule_url(repository: Repository, sha: str, place: str) -> str | None:
    """The address that ``.gitmodules`` gives for a submodule; None when it says nothing."""
    text = git.read_file(repository, sha, ".gitmodules", most=1 << 20) or b""
    return dict(_submodules(text.decode("utf-8", "replace"))).get(place)


def _submodules(text: str) -> Iterator[tuple[str, str]]:
    for section in _MODULE.split(text)[1:]:
        said = {found[1]: found[2] for line in section.split("\n") if (found := _SETTING.fullmatch(line))}
        if "path" in said and "url" in said:
            yield said["path"], said["url"]


def _entry(store: pygit2.Repository, found: pygit2.Object, place: str) -> Entry:
    mode = int(found.filemode)
    kind = _KINDS.get(FileMode(mode), "file")
    size = store.odb.read_header(found.id)[1] if kind in ("file", "symlink") else 0
    shown = storable.text(place)
    return Entry(shown.rsplit("/", 1)[-1], shown, kind, str(found.id), size, mode)
