"""The door to git: folders, refs, commits and files of repositories; and git's own HTTP backend.

Reading goes through libgit2 in this process, serving through ``git http-backend``. Beside it stand ``trees``
(folders and files), ``history`` and ``diffs`` (through git's own programs, ``git_commands``) and ``authoring``
(commits made here). Nothing of them touches the database.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pygit2
from django.conf import settings
from pygit2.enums import DeltaStatus, SortMode

from forge import storable
from forge.repos.models import Repository

ZERO = "0" * 40
WORKFLOW_FOLDERS = (".shithub/workflows", ".github/workflows")
#: A workflow file longer than this is handed on cut, one byte too long, and refused by its reader.
WORKFLOW_LIMIT = 512 * 1024
#: More files than this in one push count as unknown.
CHANGED_LIMIT = 3000
#: The newest commits of a push of which it is said what they changed.
DIFFED = 100
_HIDDEN = "refs/forge"
_CHANGES = {DeltaStatus.ADDED: "added", DeltaStatus.DELETED: "removed"}
_CONFIG = f"""\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[http]
\treceivepack = true
\tuploadpack = true
[receive]
\tdenyDeleteCurrent = refuse
\tdenyCurrentBranch = ignore
\tfsckObjects = true
\tautogc = false
\tadvertiseAtomic = true
[receive "fsck"]
\t# Old histories are full of these; every forge takes them.
\tzeroPaddedFilemode = ignore
\tbadTimezone = ignore
\tmissingSpaceBeforeDate = ignore
\tmissingEmail = ignore
[uploadpack]
\tallowAnySHA1InWant = true
\tallowReachableSHA1InWant = true
\tallowTipSHA1InWant = true
\tallowFilter = true
[transfer]
\thideRefs = {_HIDDEN}
[gc]
\tauto = 0
[repack]
\twriteBitmaps = true
"""


# --- folders --------------------------------------------------------------------------------------


def path(repository: Repository) -> Path:
    """The repository's folder; it is named by id, so that renaming moves nothing."""
    return Path(settings.REPOSITORIES) / f"{repository.pk}.git"


def init(repository: Repository) -> None:
    """Make the empty repository with its HEAD on the default branch; one that is there is left as it is."""
    place = path(repository)
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{repository.pk}-", dir=place.parent))
    try:
        head = f"refs/heads/{repository.default_branch}"
        pygit2.init_repository(str(building), bare=True, initial_head=head)
        (building / "config").write_text(_CONFIG)
        building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def remove(repository_id: int) -> None:
    """Delete the folder; one that is gone already is no error."""
    place = Path(settings.REPOSITORIES) / f"{repository_id}.git"
    shutil.rmtree(place, ignore_errors=True)


# --- refs -----------------------------------------------------------------------------------------


def refs(repository: Repository) -> dict[str, str]:
    """Every ref that people see, by full name, with the object it points to (a tag object where annotated)."""
    git = opened(repository)
    found = (git.references[name] for name in git.references if not name.startswith(_HIDDEN + "/"))
    return {ref.name: str(ref.resolve().target) for ref in found}


def branches(repository: Repository) -> dict[str, str]:
    """Every branch by short name with its commit, in the order of the names."""
    start = "refs/heads/"
    return {name[len(start) :]: sha for name, sha in sorted(refs(repository).items()) if name.startswith(start)}


def resolve(repository: Repository, name: str) -> tuple[str, str] | None:
    """What a person means by ``name``: (full ref name, commit). A branch before a tag before ``heads/…`` before a
    commit id; for a commit id (or the beginning of one, seven digits at least) both are the full id. None: no such
    thing."""
    git = opened(repository)
    names = [name] if name.startswith("refs/") else [f"refs/heads/{name}", f"refs/tags/{name}"]
    if name.startswith(("heads/", "tags/")):
        names.append(f"refs/{name}")
    for full in names:
        found = _ref(git, full)
        commit = None if found is None or full.startswith(_HIDDEN) else commit_of(git, str(found.resolve().target))
        if commit is not None:
            return full, str(commit.id)
    commit = commit_of(git, name) if len(name) >= 7 else None
    return None if commit is None else (str(commit.id), str(commit.id))


def head(repository: Repository) -> str:
    """The branch (short name) that HEAD points to, whether it exists or not."""
    return str(opened(repository).lookup_reference("HEAD").target).removeprefix("refs/heads/")


def set_head(repository: Repository, branch: str) -> None:
    """Point HEAD to a branch (short name)."""
    opened(repository).set_head(f"refs/heads/{branch}")


def pin(repository: Repository, key: str, sha: str) -> None:
    """Keep a commit from ever being collected: the hidden ref ``refs/forge/runs/<key>``."""
    opened(repository).references.create(f"{_HIDDEN}/runs/{key}", sha, force=True)


def unpin(repository: Repository, key: str) -> None:
    """Let go what ``pin`` kept; doing it twice changes nothing."""
    references = opened(repository).references
    name = f"{_HIDDEN}/runs/{key}"
    if name in references:
        references.delete(name)


# --- commits and files ----------------------------------------------------------------------------


def commit(repository: Repository, sha: str) -> dict[str, Any]:
    """A commit in the shape of a push event's ``head_commit``; ``KeyError`` when there is none."""
    found = commit_of(opened(repository), sha)
    if found is None:
        raise KeyError(sha)
    return described(found)


@dataclass(frozen=True)
class Pushed:
    """What a push brought to a ref."""

    #: New commits, oldest first, in the shape of a push event's: with ``distinct`` (no other branch holds it)
    #: and, for the newest ``DIFFED``, the paths ``added``, ``removed`` and ``modified`` against the first parent.
    commits: list[dict[str, Any]]
    #: The ref left commits behind.
    forced: bool
    #: The branch (full name) that a new ref was made from, if it still is there.
    base_ref: str | None


def pushed(
    repository: Repository, ref: str, before: str, sha: str, others: Mapping[str, str], limit: int = 2048
) -> Pushed:
    """What came to ``ref`` on its way from ``before`` to ``sha``, the newest ``limit`` commits of it; to a new ref
    came what no other branch holds. ``others`` are these branches by full name, with the commits where they are:
    to list them here would mean to pass by every pin."""
    git = opened(repository)
    found, old = commit_of(git, sha), commit_of(git, before)
    if found is None:
        return Pushed([], False, None)
    tips = {name: tip.id for name, one in others.items() if name != ref and (tip := commit_of(git, one)) is not None}
    hidden = list(tips.values()) if old is None else [old.id]
    new = _walk(git, found, hidden, limit)
    distinct = {one.id for one in (new if old is None else _walk(git, found, [*hidden, *tips.values()], limit))}
    commits = [{**described(one), "distinct": one.id in distinct} for one in new]
    _add_paths(git, new, commits)
    created = before == ZERO
    forced = not created and (old is None or (old.id != found.id and not git.descendant_of(found.id, old.id)))
    return Pushed(commits[::-1], forced, _base(repository, tips, found) if created else None)


def changed_paths(repository: Repository, before: str, sha: str) -> list[str] | None:
    """Paths that differ between two commits; None when that is unknown (no commit before, or gone since)
    or more than ``CHANGED_LIMIT``."""
    git = opened(repository)
    old, new = commit_of(git, before), commit_of(git, sha)
    if old is None or new is None:
        return None
    paths: set[str] = set()
    for delta in git.diff(old, new).deltas:
        paths.update((delta.old_file.path, delta.new_file.path))
        if len(paths) > CHANGED_LIMIT:
            return None
    return sorted(paths)


def workflow_files(repository: Repository, sha: str) -> list[tuple[str, bytes]]:
    """The workflow files at a commit, (path, text): ``*.yml`` and ``*.yaml`` right in the two folders, cut at
    one byte over ``WORKFLOW_LIMIT``. ``KeyError`` when there is no such commit."""
    git = opened(repository)
    found = commit_of(git, sha)
    if found is None:
        raise KeyError(sha)
    files: list[tuple[str, bytes]] = []
    for folder in WORKFLOW_FOLDERS:
        tree = _entry(found.tree, folder)
        if isinstance(tree, pygit2.Tree):
            blobs = [one for one in tree if isinstance(one, pygit2.Blob)]
            files += [(f"{folder}/{b.name}", _cut(b)) for b in blobs if str(b.name).endswith((".yml", ".yaml"))]
    return files


def read_file(repository: Repository, sha: str, file: str, most: int | None = None) -> bytes | None:
    """A file's bytes at a commit, the first ``most`` of them; None when there is no such file."""
    entry = at(repository, sha, file)
    return entry.data[:most] if isinstance(entry, pygit2.Blob) else None


def subject(message: str) -> str:
    """The first line of a commit message."""
    return message.strip().split("\n", 1)[0]


# --- serving --------------------------------------------------------------------------------------


async def backend(
    repository: Repository, environment: dict[str, str], *, stdin: IO[bytes] | int, stdout: IO[bytes] | int
) -> asyncio.subprocess.Process:
    """Start ``git http-backend`` for one request. ``environment`` holds its CGI variables; the process leads
    a group of its own, so that the programs it starts can be ended with it."""
    return await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            **program_environment(),
            "GIT_PROJECT_ROOT": str(path(repository)),
            "GIT_HTTP_EXPORT_ALL": "1",
            **environment,
        },
        start_new_session=True,
        limit=1 << 18,
    )


def program(repository: Repository, *arguments: str) -> subprocess.Popen[bytes]:
    """Start one of git's programs for ``git_commands``, which says what may be among the arguments."""
    return subprocess.Popen(
        ["git", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**program_environment(), "GIT_DIR": str(path(repository)), "GIT_LITERAL_PATHSPECS": "1"},
    )


async def index_pack(repository: Repository, pack: IO[bytes], into: Path) -> bool:
    """Write the objects of a pack into a folder beside the repository's, which stay as they are. False when git
    does not take it."""
    process = await asyncio.create_subprocess_exec(
        "git",
        "index-pack",
        "--stdin",
        "--fix-thin",
        stdin=pack,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            **program_environment(),
            "GIT_DIR": str(path(repository)),
            "GIT_OBJECT_DIRECTORY": str(into),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(path(repository) / "objects"),
        },
    )
    try:
        return await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()


def program_environment() -> dict[str, str]:
    """What git may know of this machine: nothing but where programs are."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }


# --- inside ---------------------------------------------------------------------------------------


def opened(repository: Repository) -> pygit2.Repository:
    """The repository as libgit2 has it, for the neighbours that read more of it."""
    return pygit2.Repository(str(path(repository)))


def _ref(git: pygit2.Repository, name: str) -> pygit2.Reference | None:
    try:
        return git.references.get(name)
    except ValueError:  # no valid name of a ref
        return None


def commit_of(git: pygit2.Repository, sha: str) -> pygit2.Commit | None:
    """The commit behind an id, or behind the annotated tag with that id."""
    try:
        found = git.get(sha)
        return None if found is None else found.peel(pygit2.Commit)
    except (ValueError, pygit2.GitError):  # no id; ambiguous; a tree or a blob
        return None


def _walk(
    git: pygit2.Repository, start: pygit2.Commit, hidden: Iterable[pygit2.Oid], limit: int
) -> list[pygit2.Commit]:
    """The newest ``limit`` commits that lead to ``start`` and not to those hidden, newest first."""
    walker = git.walk(start.id, SortMode.TIME | SortMode.TOPOLOGICAL)
    for one in hidden:
        walker.hide(one)
    return list(islice(walker, limit))


def _add_paths(git: pygit2.Repository, new: Sequence[pygit2.Commit], commits: Sequence[dict[str, Any]]) -> None:
    """Say of the newest commits what they changed, until it becomes too much."""
    left = CHANGED_LIMIT
    for one, shown in zip(new[:DIFFED], commits, strict=False):
        if one.parents:
            diff = git.diff(one.parents[0], one)
        else:
            diff = one.tree.diff_to_tree(swap=True)
        left -= len(diff)
        if left < 0:
            return
        paths: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
        for delta in diff.deltas:
            paths[_CHANGES.get(delta.status, "modified")].append(delta.new_file.path)
        shown.update(paths)


def _base(repository: Repository, tips: Mapping[str, pygit2.Oid], found: pygit2.Commit) -> str | None:
    same = sorted(name for name, tip in tips.items() if tip == found.id)
    default = f"refs/heads/{repository.default_branch}"
    return default if default in same else next(iter(same), None)


def _entry(tree: pygit2.Tree, place: str) -> pygit2.Object | None:
    try:
        return tree[place]
    except (KeyError, ValueError):
        return None


def at(repository: Repository, sha: str, place: str) -> pygit2.Object | None:
    """What stands at a path of a commit, not loaded yet; None: nothing."""
    found = commit_of(opened(repository), sha)
    if found is None:
        return None
    inner = place.strip("/")
    return _entry(found.tree, inner) if inner else found.tree


def _cut(blob: pygit2.Blob) -> bytes:
    return blob.data if blob.size <= WORKFLOW_LIMIT else blob.data[: WORKFLOW_LIMIT + 1]


def described(found: pygit2.Commit) -> dict[str, Any]:
    """A commit in the shape of a push event's, and its tree and parents."""
    return {
        "id": str(found.id),
        "tree_id": str(found.tree_id),
        "message": _text(found.raw_message, found.message_encoding).rstrip("\n"),
        "timestamp": _when(found.committer),
        "author": _person(found.author, found.message_encoding),
        "committer": _person(found.committer, found.message_encoding),
        "parents": [str(parent) for parent in found.parent_ids],
    }


def _person(signature: pygit2.Signature, encoding: str | None) -> dict[str, str]:
    name, email = (_text(raw, encoding) for raw in (signature.raw_name, signature.raw_email))
    return {"name": name, "email": email, "date": _when(signature)}


def _text(raw: bytes, encoding: str | None) -> str:
    """What a commit says, in the encoding that it names; that name is free text, and may name none or lie."""
    try:
        return storable.text(raw.decode(encoding or "utf-8", "replace"))
    except (LookupError, ValueError):
        return storable.text(raw.decode("utf-8", "replace"))


def _when(signature: pygit2.Signature) -> str:
    offset = timezone(timedelta(minutes=signature.offset))
    try:
        return datetime.fromtimestamp(signature.time, offset).isoformat()
    except (OverflowError, ValueError):  # a time outside of the calendar
        return datetime.fromtimestamp(0, offset).isoformat()
