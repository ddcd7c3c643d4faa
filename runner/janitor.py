"""Nothing is left behind: containers, networks, volumes, processes and folders of leases that nobody holds.

Runs when the agent starts, after each job and every few minutes. What it cannot remove now it tries again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from runner.backends.base import Backend, Lease
from runner.errors import InfrastructureError
from runner.lease_folder import leases_in

PERIOD = 180.0  # s
SOON = 5.0  # s, while nobody knows what former lives of this agent have left

log = logging.getLogger("forge.runner")


class Janitor:
    """``held`` names the leases that this agent holds now."""

    def __init__(self, backend: Backend, leases: Path, held: Callable[[], frozenset[Lease]]) -> None:
        self._backend = backend
        self._leases = leases
        self._held = held
        self._wake = threading.Event()
        self._stopped = False
        #: Set once nothing of a former life of this agent runs any more.
        self.is_clear = threading.Event()
        self._thread = threading.Thread(target=self._work, name="janitor", daemon=True)

    def sweep(self) -> list[str]:
        """Remove what belongs to no held lease; what was removed, in words."""
        folders = leases_in(self._leases)  # listed first: a lease that comes later has nothing in the list
        removed: list[str] = []
        try:
            removed = self._backend.sweep(self._held)
            self.is_clear.set()
        except InfrastructureError as error:
            log.warning("cannot look for leftovers: %s", error)
        held = self._held()
        for lease, folder in folders.items():
            if lease not in held:
                self._backend.remove_folder(folder)
                removed.append(f"folder {folder.name}")
        for what in removed:
            log.info("removed %s", what)
        return removed

    def start(self) -> None:
        """Sweep now, and from time to time."""
        self._thread.start()

    def nudge(self) -> None:
        """Sweep soon."""
        self._wake.set()

    def stop(self) -> None:
        """No more sweeps; waits for one that runs."""
        self._stopped = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._wake.wait(PERIOD if self.is_clear.is_set() else SOON)
            self._wake.clear()
            if self._stopped:
                return
            try:
                self.sweep()
            except Exception:  # a fault of ours must not end all later sweeps
                log.exception("the sweep broke; the next comes in %g s at the latest", PERIOD)
