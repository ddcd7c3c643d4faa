"""The server and the runner as processes of their own, and their end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from forge.children import stop_child

#: A process that does not become ready in this time never will.
READY_SECONDS = 60


class DidNotStart(Exception):
    """A process ended, or said nothing, before it was ready; the message carries the end of its log."""


class Process:
    """One process in the background, its output in a file. It leads a session, so that Ctrl-C reaches only us."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path, environment: dict[str, str], sign: str) -> None:
        """`sign` is the text in its output that says that it is ready."""
        self.name, self._log, self._sign = name, log, sign.encode()
        self._said = False
        self._settled = threading.Event()  # ready, or ended
        self._popen = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        threading.Thread(target=self._copy, name=f"output of {name}", daemon=True).start()

    def wait_ready(self) -> None:
        """Wait until it says that it is ready. Raises DidNotStart."""
        self._settled.wait(READY_SECONDS)
        if not self._said:
            raise DidNotStart(f"the {self.name} did not start:\n{self.last_words()}")

    @property
    def has_ended(self) -> bool:
        """True when it is no longer there."""
        return self._popen.poll() is not None

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:]) if self._log.is_file() else ""

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        stop_child(self._popen)

    def _copy(self) -> None:
        assert self._popen.stdout is not None
        with self._log.open("ab", buffering=0) as log:
            for line in self._popen.stdout:
                log.write(line)
                if not self._said and self._sign in line:
                    self._said = True
                    self._settled.set()
        self._settled.set()


def environment(*without: str, **more: str) -> dict[str, str]:
    """This process's environment less what begins with one of `without`, and no proxy for what is on this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"}
    return {**kept, **local, **more}
