"""The folder that keeps blobs: log pages, artifacts, caches.

A blob is written once under its key: staged beside its place, flushed, renamed. So a reader sees all
of it or nothing, whatever dies in between. Keys are relative paths of safe parts; anything else is
refused, so that no key leads out of the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from forge.errors import Invalid, NotFound

PIECE = 1 << 20  # bytes read at once
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True)
class Stored:
    """What a put wrote: length in bytes and sha256 in hex."""

    key: str
    length: int
    sha256: str


def put(key: str, data: bytes | Iterable[bytes]) -> Stored:
    """Write a blob, replacing one of the same key at once. Blocks until the bytes are on disk."""
    place = _place(key)
    place.parent.mkdir(parents=True, exist_ok=True)
    staged = _staging() / uuid.uuid4().hex
    try:
        length, digest = _write(staged, [data] if isinstance(data, bytes) else data)
        os.replace(staged, place)
    finally:
        staged.unlink(missing_ok=True)
    return Stored(key, length, digest)


def get(key: str) -> bytes:
    """All bytes of a blob; NotFound when there is none."""
    try:
        return _place(key).read_bytes()
    except FileNotFoundError:
        raise NotFound(f"No blob {key}") from None


def read(key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from ``start`` up to ``end`` (excluded), in pieces of 1 MiB at most."""
    try:
        source = open(_place(key), "rb")  # noqa: SIM115 - closed by what is answered
    except FileNotFoundError:
        raise NotFound(f"No blob {key}") from None
    return _Pieces(source, start, end)


def size(key: str) -> int:
    """Bytes of a blob; NotFound when there is none."""
    try:
        return _place(key).stat().st_size
    except FileNotFoundError:
        raise NotFound(f"No blob {key}") from None


def exists(key: str) -> bool:
    """True when the blob is there."""
    return _place(key).is_file()


def delete(key: str) -> None:
    """Remove a blob; one that is gone already is no error. Empty folders above it go too."""
    place = _place(key)
    place.unlink(missing_ok=True)
    for folder in place.parents:
        if folder == _root():
            return
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone
            return


def keys(folder: str) -> list[str]:
    """The blobs that lie directly in a folder of keys, by name; none when there is no such folder."""
    try:
        return sorted(f"{folder}/{place.name}" for place in _place(folder).iterdir() if place.is_file())
    except FileNotFoundError:
        return []


def sha256(key: str) -> str:
    """The hash of a blob as it stands now, in hex."""
    digest = hashlib.sha256()
    for piece in read(key):
        digest.update(piece)
    return digest.hexdigest()


def _root() -> Path:
    return Path(settings.BLOBS)


def _staging() -> Path:
    folder = _root() / ".staging"  # no key begins with a dot
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _place(key: str) -> Path:
    if len(key) > 255 or not _KEY.fullmatch(key):
        raise Invalid(f"{key!r} is no key of a blob")
    return _root() / key


def _write(path: Path, pieces: Iterable[bytes]) -> tuple[int, str]:
    length, digest = 0, hashlib.sha256()
    with open(path, "xb") as out:
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            length += len(piece)
        out.flush()
        os.fsync(out.fileno())
    return length, digest.hexdigest()


class _Pieces(Iterator[bytes]):
    """What is left of a file; it is closed at its end, or by whoever wants no more of it, or none at all."""

    def __init__(self, source: BinaryIO, start: int, end: int | None) -> None:
        self._source = source
        self._left = None if end is None else max(0, end - start)
        source.seek(start)

    def __next__(self) -> bytes:
        if self._source.closed:
            raise StopIteration
        piece = self._source.read(PIECE if self._left is None else min(PIECE, self._left))
        if not piece:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Let go of the file. What is asked for after that is not there."""
        self._source.close()
