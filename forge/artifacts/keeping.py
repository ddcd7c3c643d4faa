"""How long artifacts and caches stay: what is past its time goes, and what belongs to nobody any more."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Sum
from django.db.models.functions import Now

from forge.artifacts import caches
from forge.artifacts.models import Artifact, Cache
from forge.artifacts.storage import storage
from forge.repos import policies
from forge.repos.models import Repository

log = logging.getLogger(__name__)

#: So many rows one round takes; the next one goes on.
ROUND = 200
#: A cache that nobody asked for in so long goes.
UNUSED = timedelta(days=7)
_GIGABYTE = 1 << 30


def expire() -> None:
    """Artifacts past their time lose their bytes; their rows stay, and say that they have expired."""
    for row in Artifact.objects.filter(expired=False, expires_at__lte=Now()).order_by("expires_at")[:ROUND]:
        # The row first: whoever asks meanwhile is told that it has expired, and never that it is missing.
        Artifact.objects.filter(pk=row.pk).update(expired=True)
        storage().delete(row.storage_key)


def clear() -> None:
    """Rows whose run or repository was deleted go with their bytes."""
    for row in Artifact.objects.filter(run=None).order_by("id")[:ROUND]:
        storage().delete(row.storage_key)
        row.delete()
    for cache in Cache.objects.filter(repository=None).order_by("id")[:ROUND]:
        storage().delete(cache.storage_key)
        cache.delete()


def evict() -> None:
    """Caches that were not used for a week go, and of a repository with more than it may have those that were not
    used for longest."""
    unused = Cache.objects.filter(last_accessed_at__lte=Now() - UNUSED, repository__isnull=False)
    caches.delete(list(unused.order_by("last_accessed_at")[:ROUND]))
    used = Cache.objects.filter(repository__isnull=False).values("repository").annotate(used=Sum("size")).order_by()
    for one in used.filter(used__gt=policies.SMALLEST_CACHE_LIMIT_GB * _GIGABYTE):
        repository = Repository.objects.select_related("owner").get(pk=one["repository"])
        _shrink(repository, one["used"] - policies.cache_limit_gb(repository) * _GIGABYTE)


def _shrink(repository: Repository, excess: int) -> None:
    gone: list[Cache] = []
    for row in Cache.objects.filter(repository=repository).order_by("last_accessed_at", "id")[:ROUND]:
        if excess <= 0:
            break
        gone.append(row)
        excess -= row.size
    if gone:
        caches.delete(gone)
