"""Caches of a repository: kept, found, counted, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from forge.accounts.models import Account
from forge.actions.queries.runs import LARGEST_ID
from forge.artifacts.models import Cache
from forge.artifacts.storage import storage
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos.models import Repository

#: What lists may be sorted by, in GitHub's words.
SORTS = {"created_at": "created_at", "last_accessed_at": "last_accessed_at", "size_in_bytes": "size"}


@dataclass(frozen=True)
class Usage:
    """How many caches there are, and how many bytes they have."""

    count: int
    size: int


def add(repository: Repository, ref: str, key: str, version: str, data: bytes | Iterable[bytes]) -> Cache:
    """Keep what a job wants to find again. ``Conflict`` when the ref has this key and version already."""
    named = {"repository": repository, "ref": ref, "key": key, "version": version}
    if Cache.objects.filter(**named).exists():
        raise Conflict(f"Cache already exists. Key: {key}, Version: {version}")
    stored = storage().put(f"caches/{repository.pk}/{uuid.uuid4().hex}", data)
    return Cache.objects.create(**named, size=stored.length, storage_key=stored.key)


def of_repository(
    repository: Repository, *, key: str = "", ref: str = "", sort: str = "last_accessed_at", ascending: bool = False
) -> QuerySet[Cache]:
    """Those whose key begins with ``key``, of one ref where it is given. ``Invalid`` for another word to sort by."""
    if sort not in SORTS:
        words = ", ".join(SORTS)
        raise Invalid(f"sort must be one of {words}", [FieldError("Cache", "sort", "invalid")])
    found = Cache.objects.filter(repository=repository)
    if key:
        found = found.filter(key__startswith=key)
    if ref:
        found = found.filter(ref=full_ref(ref))
    mark = "" if ascending else "-"
    return found.order_by(f"{mark}{SORTS[sort]}", f"{mark}id")


def full_ref(ref: str) -> str:
    """``refs/…`` as it is, any other name as that of a branch."""
    return ref if ref.startswith("refs/") else f"refs/heads/{ref}"


def delete_key(repository: Repository, key: str, ref: str = "") -> list[Cache]:
    """Delete every cache of exactly this key, of one ref where it is given: those that were. ``NotFound``: none."""
    found = Cache.objects.filter(repository=repository, key=key)
    rows = list((found.filter(ref=full_ref(ref)) if ref else found).order_by("id"))
    if not rows:
        raise NotFound("Not Found: there is no cache of this key")
    delete(rows)
    return rows


def delete_one(repository: Repository, cache_id: int) -> None:
    """Delete one by its id; ``NotFound`` when the repository has none."""
    rows = list(Cache.objects.filter(repository=repository, pk=cache_id)) if cache_id <= LARGEST_ID else []
    if not rows:
        raise NotFound
    delete(rows)


def delete(rows: Sequence[Cache]) -> None:
    """Rows, and their bytes after the commit."""
    keys = [row.storage_key for row in rows]
    with transaction.atomic():
        Cache.objects.filter(pk__in=[row.pk for row in rows]).delete()
        transaction.on_commit(lambda: _forget(keys))


def usage(repository: Repository) -> Usage:
    """Of one repository."""
    return _usage(Cache.objects.filter(repository=repository))


def usage_of_organization(organization: Account) -> Usage:
    """Of all repositories of an organisation together."""
    return _usage(Cache.objects.filter(repository__owner=organization, repository__deleted_at=None))


def usage_by_repository(organization: Account) -> QuerySet[Repository]:
    """The organisation's repositories that have caches, by name, each with ``cache_count`` and ``cache_size``."""
    found = Repository.objects.filter(owner=organization, deleted_at=None).select_related("owner")
    counted = found.annotate(cache_count=Count("caches"), cache_size=Sum("caches__size"))
    return counted.filter(cache_count__gt=0).order_by("name_key")


def _usage(found: QuerySet[Cache]) -> Usage:
    counted = found.aggregate(count=Count("pk"), size=Sum("size"))
    return Usage(counted["count"], counted["size"] or 0)


def _forget(keys: Sequence[str]) -> None:
    for key in keys:
        storage().delete(key)
