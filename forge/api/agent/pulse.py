"""The beat of the agent door: a row every five seconds, so that leases count only while it is open."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections

from forge.actions import leases

log = logging.getLogger(__name__)


def start() -> Callable[[], None]:
    """Beat from now on, in a thread; the answer stops it and waits for its end."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(stop,), name="agent-door-beat", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(10)

    return end


def _run(stop: threading.Event) -> None:
    while True:
        close_old_connections()
        try:
            leases.beat()
        except Exception:
            log.warning("the beat of the agent door could not be written", exc_info=True)
        close_old_connections()
        if stop.wait(leases.beat_seconds()):
            return
