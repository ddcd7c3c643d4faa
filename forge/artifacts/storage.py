"""Where the bytes of artifacts and caches lie. Whoever stores them elsewhere offers the same four calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from forge.blobs import store
from forge.blobs.store import Stored


class Storage(Protocol):
    """Bytes by key. ``NotFound`` for a key that has none."""

    def put(self, key: str, data: bytes | Iterable[bytes]) -> Stored:
        """Keep these bytes; all of them are there afterwards, or none."""
        ...

    def read(self, key: str) -> Iterator[bytes]:
        """All bytes, piece by piece."""
        ...

    def exists(self, key: str) -> bool:
        """True when the key has bytes."""
        ...

    def delete(self, key: str) -> None:
        """Forget them; a key that has none is no error."""
        ...


class LocalFolder:
    """The folder of blobs on this machine."""

    def put(self, key: str, data: bytes | Iterable[bytes]) -> Stored:
        """Staged beside its place, flushed, renamed."""
        return store.put(key, data)

    def read(self, key: str) -> Iterator[bytes]:
        """In pieces of 1 MiB at most."""
        return store.read(key)

    def exists(self, key: str) -> bool:
        """True when the file is there."""
        return store.exists(key)

    def delete(self, key: str) -> None:
        """The file, and folders that are empty then."""
        store.delete(key)


_storage: Storage = LocalFolder()


def storage() -> Storage:
    """The one that this installation uses."""
    return _storage
