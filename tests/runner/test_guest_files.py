"""A job cannot lead the agent astray with what it leaves in its folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.errors import GuestFileRefused
from runner.guest_files import GuestFolder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "job" / "_temp").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("host secret")
    return tmp_path / "job"


def test_reads_a_plain_file(root: Path) -> None:
    (root / "_temp" / "env").write_text("A=1\n")
    with GuestFolder(root) as folder:
        assert folder.read("_temp/env", 100) == b"A=1\n"
        assert folder.read("_temp/none", 100) is None


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "fifo", "folder", "large", "linked folder"])
def test_refuses(root: Path, kind: str) -> None:
    path, secret = root / "_temp" / "env", root.parent / "outside" / "secret"
    if kind == "symlink":
        path.symlink_to(secret)
    elif kind == "hardlink":
        os.link(secret, path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        path.write_bytes(b"x" * 101)
    else:
        (root / "_temp").rename(root / "moved")
        (root / "_temp").symlink_to(root.parent / "outside")
        path = root / "_temp" / "secret"
    with GuestFolder(root) as folder, pytest.raises(GuestFileRefused):
        folder.read(str(path.relative_to(root)), 100)


@pytest.mark.parametrize("path", ["", "..", "../x", "/etc/passwd", "a/../../b", "a\0b"])
def test_paths_outside_are_refused(root: Path, path: str) -> None:
    with GuestFolder(root) as folder, pytest.raises(GuestFileRefused):
        folder.read(path, 100)


def test_creates_only_what_is_not_there(root: Path) -> None:
    with GuestFolder(root) as folder:
        folder.create("_temp/x.sh", b"exit 0")
        assert (root / "_temp" / "x.sh").read_bytes() == b"exit 0"
        with pytest.raises(GuestFileRefused):
            folder.create("_temp/x.sh", b"again")


def test_never_writes_through_a_link(root: Path) -> None:
    target = root.parent / "outside" / "secret"
    (root / "_temp" / "x.sh").symlink_to(target)
    (root / "link").symlink_to(root.parent / "outside")
    with GuestFolder(root) as folder:
        for path in ("_temp/x.sh", "link/new"):
            with pytest.raises(GuestFileRefused):
                folder.create(path, b"overwritten")
        with pytest.raises(GuestFileRefused):
            folder.make_folders("link/below")
    assert target.read_text() == "host secret"
    assert sorted(os.listdir(root.parent / "outside")) == ["secret"]
