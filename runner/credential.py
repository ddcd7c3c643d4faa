"""The runner's credential on disk, and how it is changed for a new one without ever being without one.

The new one is written beside the old before the server hears of it; the server takes both until the new one is used;
and the new one is used only when it stands in the old one's place. A crash at any of these moments leaves a credential
that opens the doors: one that was written but not yet moved is registered once more at the next start.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from runner.errors import ConfigError, ServerError
from workflows.errors import InvalidMessage

log = logging.getLogger("forge.runner")

PREFIX = "shc_"  # registration tokens begin with shr_
LIFE = 30 * 86400.0  # s


class Credential:
    """``file`` holds it, readable by this user alone. ``clock`` tells seconds since 1970."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._next = file.with_name(f"{file.name}.new")
        self._clock = clock

    def read(self) -> str:
        """The credential; ConfigError when there is none."""
        try:
            return self._file.read_text().strip()
        except OSError as error:
            raise ConfigError(f"{self._file}: {error.strerror}; run `forge-runner register` first") from None

    def is_due(self) -> bool:
        """Whether it is old enough to be changed, or a change was begun and not ended."""
        return self._next.exists() or self._clock() - self._file.stat().st_mtime >= LIFE

    def change(self, register: Callable[[str], None]) -> str:
        """Have a new one: ``register`` tells the server its hash, with the old one, and may be repeated."""
        new = self._begun() or self._begin()
        register(hashed(new))
        os.replace(self._next, self._file)
        _sync_folder(self._file.parent)
        return new

    def _begun(self) -> str:
        try:
            text = self._next.read_text().strip()
        except FileNotFoundError:
            return ""
        return text if text.startswith(PREFIX) and len(text) == len(new()) else ""  # else it was cut by a crash

    def _begin(self) -> str:
        text = new()
        write(self._next, text)
        _sync_folder(self._next.parent)
        return text


class Keeper:
    """A thread that looks every so many seconds whether the credential is to be changed, and does it; a change that
    fails is tried again. ``use`` gets the new one."""

    def __init__(
        self, kept: Credential, register: Callable[[str], None], use: Callable[[str], None], every: float
    ) -> None:
        self._kept = kept
        self._register = register
        self._use = use
        self._every = every
        self._over = threading.Event()

    def start(self) -> None:
        """Look from now on."""
        threading.Thread(target=self._keep, name="credential", daemon=True).start()

    def stop(self) -> None:
        """No look begins after this."""
        self._over.set()

    def _keep(self) -> None:
        while not self._over.is_set():
            try:
                if self._kept.is_due():
                    self._use(self._kept.change(self._register))
                    log.info("this runner has a new credential")
            except (ServerError, InvalidMessage, OSError) as error:
                log.warning("the credential could not be changed: %s", error)
            self._over.wait(self._every)


def new() -> str:
    """A fresh one."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(text: str) -> str:
    """What the server gets of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def write(file: Path, text: str) -> None:
    """Write it, for this user alone, to a new file; what was there is gone."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(f"{text}\n")
        opened.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
