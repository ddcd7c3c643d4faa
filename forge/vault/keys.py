"""The keys of the vault: in one file, never in the database, apart from the key that signs sessions.

The file holds every key that some row may still use, the current one last. It is replaced as a whole, so
readers see the old ring or the new one; processes notice a new file at their next use of a key.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import logging
import os
import secrets
import threading
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from nacl.encoding import RawEncoder
from nacl.hash import blake2b

from forge.errors import ForgeError

log = logging.getLogger(__name__)

_BYTES = 32
_read = threading.Lock()
_seen: tuple[tuple[object, ...], Ring] | None = None


class Unreadable(ForgeError):
    """A secret, or the keys, cannot be read. The message names what, and the mend; never a value."""


@dataclass(frozen=True)
class Key:
    """One key by its id. ``replaced_at``: since when it is not the current one."""

    id: str
    material: bytes = field(repr=False)
    created_at: datetime
    replaced_at: datetime | None = None

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; different purposes share nothing."""
        return blake2b(purpose.encode(), key=self.material, digest_size=_BYTES, encoder=RawEncoder)


@dataclass(frozen=True)
class Ring:
    """Every key there is, oldest first."""

    keys: tuple[Key, ...]

    @property
    def current(self) -> Key:
        """The key for whatever is encrypted now."""
        return self.keys[-1]

    def get(self, key_id: str) -> Key | None:
        """The key with this id; None when it is lost or retired."""
        return next((key for key in self.keys if key.id == key_id), None)


def ring() -> Ring:
    """The keys as the file has them now; the first use makes the file. ``Unreadable`` when it is damaged."""
    global _seen
    path = Path(settings.VAULT_KEYS)
    with _read:
        stamp = _stamp(path)
        if stamp is None:
            with _locked(path):
                if not path.exists():
                    _write(path, Ring((_new(),)))
            stamp = _stamp(path)
        if _seen is None or _seen[0] != stamp:
            _seen = ((stamp or ()), _load(path))
        return _seen[1]


def add() -> Key:
    """Make a new key the current one. The others stay readable."""
    ring()
    path = Path(settings.VAULT_KEYS)
    with _locked(path):
        now, made = _load(path), _new()
        older = [*now.keys[:-1], replace(now.current, replaced_at=made.created_at)]
        _write(path, Ring((*older, made)))
    return made


def retire(used: Container[str], replaced_before: datetime) -> list[str]:
    """Forget the keys that no row uses (``used`` are ids in use) and that were replaced before a time: a
    process may have taken a key just before it was replaced, and write its row just after. Answers their ids."""
    path = Path(settings.VAULT_KEYS)
    with _locked(path):
        now = _load(path)
        kept = [
            key for key in now.keys if key.replaced_at is None or key.replaced_at >= replaced_before or key.id in used
        ]
        gone = [key.id for key in now.keys if key not in kept]
        if gone:
            _write(path, Ring(tuple(kept)))
    return gone


def _new() -> Key:
    now = timezone.now()
    return Key(f"{now:%Y%m%d}-{secrets.token_hex(4)}", secrets.token_bytes(_BYTES), now)


def _stamp(path: Path) -> tuple[object, ...] | None:
    """What is different of every file that was ever put there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (str(path), found.st_ino, found.st_mtime_ns, found.st_size)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer of the file at a time, over all processes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _damaged(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _load(path: Path) -> Ring:
    try:
        found = tuple(_key(one) for one in json.loads(path.read_text())["keys"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    if not found:
        raise _damaged(path, ValueError("it holds no key"))
    return Ring(found)


def _key(one: dict[str, Any]) -> Key:
    material = base64.b64decode(one["key"], validate=True)
    if len(material) != _BYTES:
        raise ValueError(f"the key {one['id']} has not {_BYTES} bytes")
    replaced = one.get("replaced_at")
    return Key(
        str(one["id"]),
        material,
        datetime.fromisoformat(one["created_at"]),
        datetime.fromisoformat(replaced) if replaced else None,
    )


def _write(path: Path, new: Ring) -> None:
    text = json.dumps({"keys": [_shown(key) for key in new.keys]}, indent=2) + "\n"
    beside = path.with_name(path.name + ".new")
    try:
        with open(beside, "w", opener=_private) as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename too must outlive a crash: rows are about to depend on it
        finally:
            os.close(folder)
    except OSError as error:
        raise _damaged(path, error) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _shown(key: Key) -> dict[str, str | None]:
    return {
        "id": key.id,
        "key": base64.b64encode(key.material).decode(),
        "created_at": key.created_at.isoformat(),
        "replaced_at": key.replaced_at.isoformat() if key.replaced_at else None,
    }


def _damaged(path: Path, error: Exception) -> Unreadable:
    log.error("the vault's key file %s cannot be used: %s", path, error)
    return Unreadable("The vault's keys cannot be read; the server's log says why. An administrator has to mend it.")
