"""The only way to open a file that a job could have touched.

A job may put a symlink, a pipe, a device or a hard link where the agent expects a file of its own, and
may swap a folder for a link between two looks. So everything here starts from a descriptor of the
job's root folder, opened before any process of the job existed, and goes on component by component
without following links; what is opened is looked at before it is read (``O_PATH``), read without
blocking, and never past its limit.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from runner.errors import GuestFileRefused

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class GuestFolder:
    """A folder that a job writes in, held open by descriptor."""

    def __init__(self, path: Path | int) -> None:
        self._fd = path if isinstance(path, int) else os.open(path, _FOLDER)

    def __enter__(self) -> GuestFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; the object is of no use afterwards."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self, relative: str, limit: int) -> bytes | None:
        """The whole content of a plain file; None when it is not there.

        GuestFileRefused when it, or a folder on the way, is a link or no plain file, has more than one
        name, or holds more than ``limit`` bytes.
        """
        *folders, name = _components(relative)
        try:
            with self._folder(folders) as parent, _opened(os.open(name, _LOOK, dir_fd=parent)) as seen:
                found = os.fstat(seen)
                _check(relative, found, limit)
                if not found.st_size:
                    return b""
                with _opened(os.open(f"/proc/self/fd/{seen}", _READ)) as reader:
                    return _read_all(reader, relative, limit)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GuestFileRefused(f"{relative}: {error.strerror}") from error

    def is_file(self, relative: str) -> bool:
        """Whether a plain file is there, reached without links."""
        try:
            *folders, name = _components(relative)
            with self._folder(folders) as parent, _opened(os.open(name, _LOOK, dir_fd=parent)) as seen:
                return stat.S_ISREG(os.fstat(seen).st_mode)
        except (GuestFileRefused, OSError):
            return False

    def create(self, relative: str, data: bytes, mode: int = 0o666) -> None:
        """Write a new file; folders on the way must exist. GuestFileRefused when something is there already."""
        *folders, name = _components(relative)
        try:
            with self._folder(folders) as parent, _opened(os.open(name, _CREATE, mode, dir_fd=parent)) as fd:
                os.fchmod(fd, mode)  # whatever the umask is: the job may run as another user
                _write_all(fd, data)
        except OSError as error:
            raise GuestFileRefused(f"{relative}: {error.strerror}") from error

    def make_folders(self, relative: str, mode: int = 0o777) -> None:
        """Make a folder and those above it, as far as they are missing; a link on the way is refused."""
        at = os.dup(self._fd)
        try:
            for name in _components(relative):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, mode, dir_fd=at)
                    os.chmod(name, mode, dir_fd=at)
                below = os.open(name, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
        except OSError as error:
            raise GuestFileRefused(f"{relative}: {error.strerror}") from error
        finally:
            os.close(at)

    def folder(self, relative: str) -> GuestFolder:
        """A folder in it, held open by a descriptor of its own, for whoever has many files there. GuestFileRefused when
        it, or one on the way, is a link or none."""
        try:
            with self._folder(_components(relative)) as found:
                return GuestFolder(os.dup(found))
        except OSError as error:
            raise GuestFileRefused(f"{relative}: {error.strerror}") from error

    def remove(self, relative: str) -> None:
        """Remove one file, whatever it has become; what is not there, or is a folder now, is left."""
        *folders, name = _components(relative)
        with contextlib.suppress(OSError), self._folder(folders) as parent:
            os.unlink(name, dir_fd=parent)

    @contextlib.contextmanager
    def _folder(self, folders: list[str]) -> Iterator[int]:
        at = os.dup(self._fd)
        try:
            for name in folders:
                below = os.open(name, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)


def _components(relative: str) -> list[str]:
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or relative.startswith("/") or "\0" in relative:
        raise GuestFileRefused(f"{relative!r} is no path inside the job's folder")
    return parts


@contextlib.contextmanager
def _opened(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


def _check(relative: str, found: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise GuestFileRefused(f"{relative} is {_kind(found.st_mode)}, not a plain file")
    if found.st_nlink != 1:
        raise GuestFileRefused(f"{relative} has {found.st_nlink} names, one is allowed")
    if found.st_size > limit:
        raise GuestFileRefused(f"{relative} holds {found.st_size} bytes, {limit} are allowed")


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a device or a socket"


def _read_all(fd: int, relative: str, limit: int) -> bytes:
    pieces, size = [], 0
    while piece := os.read(fd, 1 << 20):
        size += len(piece)
        if size > limit:  # it grew while being read
            raise GuestFileRefused(f"{relative} holds more than the {limit} bytes that are allowed")
        pieces.append(piece)
    return b"".join(pieces)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
