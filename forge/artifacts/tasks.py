"""Celery's entry point of artifacts and caches. It may run twice, or not at all: the next round goes on."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import close_old_connections

from forge.artifacts import keeping

log = logging.getLogger(__name__)


@shared_task(name="forge.artifacts.tasks.keep")
def keep() -> None:
    """What is past its time goes."""
    for part in (keeping.expire, keeping.clear, keeping.evict):
        close_old_connections()
        try:
            part()
        except Exception:
            log.exception("keeping artifacts: %s failed", part.__name__)
