"""Logs of jobs that this agent goes on with no more: what the server has not got of them is brought to it.

They are those of an earlier life of the agent, which was killed, and those of jobs that it gave up. Each was masked
before it was written, so it can be sent as it lies there. The server is told of these jobs only when nothing of them
runs any more; it ends those that it still took for running, and says what it wants of their logs.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from runner.backends.base import Lease
from runner.client import LOG_BATCH, Client, retrying
from runner.errors import Refused, ServerError
from runner.lease_folder import leases_in
from workflows.errors import InvalidMessage
from workflows.messages import LeftJob, Recover, RecoveredJob

log = logging.getLogger("forge.runner")

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unsent:
    """``folder`` holds one file a job, named as its lease. ``is_clear`` is set once nothing of former lives runs."""

    def __init__(self, client: Client, folder: Path, instance: str, is_clear: threading.Event) -> None:
        self._client = client
        self._folder = folder
        self._instance = instance
        self._is_clear = is_clear
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="unsent-logs", daemon=True)

    def collect(self, leases: Path) -> None:
        """Take the logs out of the folders of these leases, which are about to be removed."""
        for lease, folder in leases_in(leases).items():
            keep(folder / "log", self._folder, lease)

    def start(self) -> None:
        """Bring to the server what is there."""
        self._thread.start()
        self._wake.set()

    def look(self) -> None:
        """There may be more."""
        self._wake.set()

    def stop(self) -> None:
        """No more; what is not sent waits for the next start."""
        self._stop.set()
        self._is_clear.set()  # lets a thread go that waits for it; it looks at the stop first
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        self._is_clear.wait()
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                self._bring_all()
            except (ServerError, InvalidMessage, OSError) as error:
                if not self._stop.is_set():
                    log.warning("logs of earlier jobs stay in %s: %s", self._folder, error)

    def _bring_all(self) -> None:
        found = {lease: path for lease, path in leases_in(self._folder).items() if not self._stop.is_set()}
        if not found or self._stop.is_set():
            return
        message = Recover(self._instance, tuple(_left(lease, path) for lease, path in found.items()))
        answer = retrying(lambda: self._client.recover(message), self._stop.is_set, self._stop.wait)
        for entry in answer.jobs:
            path = found.get(Lease(entry.job, entry.epoch))
            if path is None:
                continue
            if entry.lease_token is None or self._bring(entry, entry.lease_token, path):
                path.unlink(missing_ok=True)

    def _bring(self, entry: RecoveredJob, token: str, path: Path) -> bool:
        """Append what is missing; False when it has to be tried again."""
        doors, at = self._client.left(entry, token), entry.log_length
        with _plain_file(path) as file:
            size = os.fstat(file).st_size
            while at < size and not self._stop.is_set():
                data = os.pread(file, LOG_BATCH, at)
                try:
                    after = retrying(lambda: doors.append(at, data), self._stop.is_set, self._stop.wait)  # noqa: B023 - called at once
                except Refused as refusal:
                    log.warning("the rest of the log of job %s-%s is not wanted: %s", entry.job, entry.epoch, refusal)
                    return True
                if after <= at:  # closed meanwhile
                    return True
                at = after
        return at >= size


def keep(path: Path, folder: Path, lease: Lease) -> None:
    """Put a job's log among those that are to be sent. What cannot be kept is lost, and said so."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(path, folder / str(lease))
    except FileNotFoundError:
        with contextlib.suppress(OSError):  # it had no log yet; the server is told of the job all the same
            (folder / str(lease)).touch(mode=0o600)
    except OSError as error:
        log.warning("the log of job %s cannot be kept: %s", lease, error)


def _left(lease: Lease, path: Path) -> LeftJob:
    digest, size = hashlib.sha256(), 0
    try:
        with _plain_file(path) as file:
            while piece := os.pread(file, LOG_BATCH, size):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        log.warning("the log of job %s cannot be read: %s", lease, error)
        return LeftJob(lease.job, lease.epoch, 0, "")
    return LeftJob(lease.job, lease.epoch, size, digest.hexdigest())


@contextlib.contextmanager
def _plain_file(path: Path) -> Iterator[int]:
    """A descriptor of the file; OSError when it is a link or no file: on the host backend a job could reach it."""
    descriptor = os.open(path, _OPEN)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no plain file")
        yield descriptor
    finally:
        os.close(descriptor)
