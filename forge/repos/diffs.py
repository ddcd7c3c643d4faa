"""What differs between two commits: files, lines counted, and patches of those that are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from forge import storable
from forge.repos import git_commands
from forge.repos.models import Repository

#: Files of one difference that are told of at all, and bytes of one patch; as on GitHub, the rest is left out.
FILES = 3000
_PATCH = 256 << 10
#: git knows this tree without having it: what stands before a first commit.
EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
_HEADER = re.compile(rb"^diff --git ", re.MULTILINE)
_HUNK = re.compile(rb"^@@ ", re.MULTILINE)


@dataclass(frozen=True)
class FileChange:
    """One file: its blob after the change (before it, where it was removed), and lines added and taken away (0 for
    what is no text)."""

    path: str
    status: str
    sha: str
    additions: int = 0
    deletions: int = 0
    previous: str | None = None
    patch: str | None = None


def files(repository: Repository, old: str | None, new: str) -> list[FileChange]:
    """The files that differ, by path, without their patches. ``old`` None: against nothing."""
    printed = git_commands.output(
        repository,
        "diff-tree",
        "-r",
        "-M",
        "-z",
        "--raw",
        "--numstat",
        "--no-abbrev",
        "--no-ext-diff",
        old or EMPTY,
        new,
    )
    pieces = iter(printed.data.decode("utf-8", "replace").split("\0"))
    found, counted = [], {}
    for word in pieces:
        if word.startswith(":"):
            found.append(_raw(word, pieces))
        elif word:
            path, lines = _counted(word, pieces)
            counted[path] = lines
    return [
        replace(one, additions=counted.get(one.path, (0, 0))[0], deletions=counted.get(one.path, (0, 0))[1])
        for one in found[:FILES]
    ]


def with_patches(repository: Repository, old: str | None, new: str, shown: Sequence[FileChange]) -> list[FileChange]:
    """The same files with their patches, as far as those are texts of a size to be read."""
    if not shown:
        return []
    paths = {path for one in shown for path in (one.path, one.previous) if path}
    printed = git_commands.output(
        repository,
        "diff-tree",
        "-r",
        "-M",
        "-p",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        old or EMPTY,
        new,
        "--",
        *sorted(paths),
    )
    segments = iter(_HEADER.split(printed.data)[1:] if printed.whole else [])
    return [replace(one, patch=_patch(one, segments)) for one in shown]


def _raw(word: str, pieces: Iterator[str]) -> FileChange:
    _, _, before, after, letter = word.split(" ")
    path = next(pieces)
    previous, path = (path, next(pieces)) if letter[0] in "RC" else (None, path)
    sha = before if letter[0] == "D" else after
    named = None if previous is None else storable.text(previous)
    return FileChange(storable.text(path), _STATUS.get(letter[0], "changed"), sha, previous=named)


def _counted(word: str, pieces: Iterator[str]) -> tuple[str, tuple[int, int]]:
    added, removed, path = word.split("\t", 2)
    if not path:  # a rename: both names follow
        next(pieces)
        path = next(pieces)
    return storable.text(path), (_number(added), _number(removed))


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0  # "-" for what is no text


def _patch(one: FileChange, segments: Iterator[bytes]) -> str | None:
    """The hunks of the next segment. Where a file became something else, git shows an end and a beginning."""
    taken = [next(segments, b"") for _ in range(2 if one.status == "changed" else 1)]
    hunks = [segment[start.start() :] for segment in taken if (start := _HUNK.search(segment)) is not None]
    text = b"\n".join(hunk.rstrip(b"\n") for hunk in hunks)
    return storable.text(text.decode("utf-8", "replace")) if 0 < len(text) <= _PATCH else None
