"""Hand a task to the workers, after commit.

A task is only a nudge: whatever it would do can be found in the database again, and the sweeps find it.
So a nudge that cannot be sent (no worker in this process, Redis away) is no error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

log = logging.getLogger(__name__)

Sender = Callable[[str, tuple[object, ...]], None]

_sender: Sender | None = None


def enqueue(task: str, *args: object) -> None:
    """Run ``forge.actions.tasks.<task>(*args)`` soon, once the transaction is committed."""
    transaction.on_commit(lambda: _send(task, args))


def use(sender: Sender | None) -> None:
    """Say how tasks are sent from this process; ``forge.celery`` does when it has a broker or a worker."""
    global _sender
    _sender = sender


@contextmanager
def using(sender: Sender | None) -> Iterator[None]:
    """Another sender for a while."""
    before = _sender
    use(sender)
    try:
        yield
    finally:
        use(before)


def _send(task: str, args: tuple[object, ...]) -> None:
    if _sender is None:
        return
    try:
        _sender(task, args)
    except Exception:  # the sweeps do it instead
        log.warning("task %s could not be sent; a sweep will do its work", task, exc_info=True)
