"""The data folder belongs to one agent at a time.

While that is so the folder's ``instance`` word may outlive the process: an agent that was restarted is known at
once as the one that polled before, and need not wait until that one counts as silent.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from runner.errors import ConfigError


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[str]:
    """Hold the folder, and give its instance word; ConfigError when another agent holds it."""
    descriptor = os.open(folder / "instance", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"another agent runs with the folder {folder}; stop it, or give --dir") from None
        word = file.read().strip()
        if not word:
            word = uuid.uuid4().hex
            file.write(word)
            file.flush()
        yield word
