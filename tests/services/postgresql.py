"""A PostgreSQL of our own: Debian's programs, a data folder under /tmp, one free port of the loopback address."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.process import Process, free_port

#: Nothing here must survive a crash of the machine, so nothing waits for the disk.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


class NotInstalled(Exception):
    """The programs are not on this machine."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`: the newest that Debian's packages brought, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NotInstalled("PostgreSQL is not installed: apt-get install postgresql")
    return Path(on_path).parent


def owner() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the user that its package made."""
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def postgresql() -> Iterator[str]:
    """A running server with an empty database `forge`; yields its postgres:// address."""
    binaries, user = programs(), owner()
    folder = Path(tempfile.mkdtemp(prefix="forge-postgresql-"))
    try:
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        _run(
            user, folder, binaries / "initdb", "-D", folder / "data", "-U", "forge", "--auth=trust", "-E", "UTF8", "-N"
        )
        port = free_port()
        with Process(_serve(binaries, folder, port), cwd=folder, user=user, env={"LC_ALL": "C"}) as server:
            server.wait_for("database system is ready to accept connections")
            address = ("-h", "127.0.0.1", "-p", str(port), "-U", "forge")
            _run(user, folder, binaries / "createdb", *address, "forge")
            yield f"postgres://forge@127.0.0.1:{port}/forge"
            server.stop(number=signal.SIGINT)  # its fast shutdown; SIGTERM waits for every client
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(binaries: Path, folder: Path, port: int) -> list[str | Path]:
    command: list[str | Path] = [
        binaries / "postgres",
        "-D",
        folder / "data",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        folder,
    ]
    for setting in SETTINGS:
        command += ["-c", setting]
    return command


def _run(user: str | None, folder: Path, *command: str | Path) -> None:
    done = subprocess.run(
        command, user=user, cwd=folder, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
