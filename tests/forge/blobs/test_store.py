"""The blob store: whole or nothing, ranges, and no way out of its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from forge.blobs import store
from forge.errors import Invalid, NotFound


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):  # type: ignore[no-untyped-def]
    settings.BLOBS = tmp_path / "blobs"


def test_put_and_get() -> None:
    stored = store.put("logs/1/2", b"hello")
    assert (stored.length, stored.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert store.get("logs/1/2") == b"hello"
    assert store.sha256("logs/1/2") == stored.sha256
    assert store.size("logs/1/2") == 5


def test_put_replaces_at_once() -> None:
    store.put("a", b"old")
    store.put("a", [b"n", b"ew"])
    assert store.get("a") == b"new"


@pytest.mark.parametrize(
    ("start", "end", "expected"), [(0, None, b"0123456789"), (3, 5, b"34"), (8, 99, b"89"), (5, 5, b"")]
)
def test_ranges(start: int, end: int | None, expected: bytes) -> None:
    store.put("a", b"0123456789")
    assert b"".join(store.read("a", start, end)) == expected


def test_pieces_are_bounded() -> None:
    store.put("big", b"x" * (store.PIECE + 1))
    assert [len(piece) for piece in store.read("big")] == [store.PIECE, 1]


def test_delete_takes_empty_folders_and_is_repeatable(settings) -> None:  # type: ignore[no-untyped-def]
    store.put("deep/er/a", b"x")
    store.delete("deep/er/a")
    store.delete("deep/er/a")
    assert not store.exists("deep/er/a")
    assert not (settings.BLOBS / "deep").exists()
    with pytest.raises(NotFound):
        store.get("deep/er/a")


def test_the_keys_of_a_folder() -> None:
    for key in ("keys/b", "keys/a", "keys/below/c"):
        store.put(key, b"x")
    assert store.keys("keys") == ["keys/a", "keys/b"]
    assert store.keys("keys/none") == []


def test_a_failed_put_leaves_nothing(settings) -> None:  # type: ignore[no-untyped-def]
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the sender went away")

    with pytest.raises(OSError, match="went away"):
        store.put("a", broken())
    assert not store.exists("a")
    assert list((settings.BLOBS / ".staging").iterdir()) == []


@pytest.mark.parametrize("key", ["", "../a", "a/../b", "/a", "a//b", ".staging/x", "a/.b", "a\0", "a" * 256])
def test_no_key_leads_out(key: str) -> None:
    with pytest.raises(Invalid):
        store.put(key, b"x")
