"""Caches over the API: lists, their end, how much they use and may use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from forge.accounts import audit
from forge.accounts.models import Account
from forge.artifacts import keeping
from forge.artifacts.models import Cache
from forge.artifacts.storage import storage
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello/actions"
O = "/repos/{owner}/{repo}/actions"  # noqa: E741 - as R, in the official description
DAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def some(repository: Repository) -> list[Cache]:
    """Three, whose orders by age, use and size differ."""
    return [
        factories.cache(repository, "node-1", b"22", created_at=DAY, last_accessed_at=DAY + timedelta(days=2)),
        factories.cache(repository, "node-2", b"333", created_at=DAY + timedelta(days=1), last_accessed_at=DAY),
        factories.cache(
            repository,
            "pip-1",
            b"1",
            "refs/heads/next",
            created_at=DAY + timedelta(days=2),
            last_accessed_at=DAY + timedelta(days=1),
        ),
    ]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["node-1", "pip-1", "node-2"]),
        ("?direction=asc", ["node-2", "pip-1", "node-1"]),
        ("?sort=created_at", ["pip-1", "node-2", "node-1"]),
        ("?sort=size_in_bytes&direction=asc", ["pip-1", "node-1", "node-2"]),
        ("?key=node", ["node-1", "node-2"]),
        ("?key=node-2", ["node-2"]),
        ("?key=ode", []),
        ("?ref=refs/heads/next", ["pip-1"]),
        ("?ref=main&key=p", []),
        ("?per_page=1&page=2", ["pip-1"]),
    ],
)
def test_lists(client: Client, some: list[Cache], query: str, keys: list[str]) -> None:
    shown = client.get(f"{R}/caches{query}").json()
    official.check(shown, f"{O}/caches")
    assert [one["key"] for one in shown["actions_caches"]] == keys
    assert shown["total_count"] == (3 if "page" in query else len(keys))


@pytest.mark.parametrize("query", ["?sort=name", "?direction=up"])
def test_what_no_list_can_be_sorted_by(client: Client, repository: Repository, query: str) -> None:
    assert client.get(f"{R}/caches{query}").status_code == 422


def test_delete(client: Client, repository: Repository, django_capture_on_commit_callbacks: Any) -> None:
    here, there = factories.cache(repository), factories.cache(repository, ref="refs/heads/next")
    longer = factories.cache(repository, "deps-longer")
    assert client.delete(f"{R}/caches").status_code == 422
    assert client.delete(f"{R}/caches?key=dep").status_code == 404
    assert client.delete(f"{R}/caches?key=deps&ref=refs/heads/other").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        gone = client.delete(f"{R}/caches?key=deps&ref=refs/heads/next")
    official.check(gone.json(), f"{O}/caches", "delete")
    assert [one["id"] for one in gone.json()["actions_caches"]] == [there.pk]
    assert (storage().exists(there.storage_key), storage().exists(here.storage_key)) == (False, True)
    assert client.delete(f"{R}/caches?key=deps").json()["total_count"] == 1
    assert client.delete(f"{R}/caches/{longer.pk}").status_code == 204
    assert client.delete(f"{R}/caches/{longer.pk}").status_code == 404
    assert client.delete(f"{R}/caches/{'9' * 30}").status_code == 404
    assert not Cache.objects.exists()


def test_usage(client: Client, some: list[Cache]) -> None:
    used = client.get(f"{R}/cache/usage").json()
    official.check(used, f"{O}/cache/usage")
    assert used == {"full_name": "octo/hello", "active_caches_size_in_bytes": 6, "active_caches_count": 3}


def test_usage_of_an_organisation(admin: Client, as_: Any, acme: Account, shared: Repository) -> None:
    path = "/api/v3/orgs/acme/actions/cache"
    empty = factories.repository(acme, "empty")
    assert admin.get(f"{path}/usage").json()["total_active_caches_count"] == 0
    factories.cache(shared, "a", b"12345")
    factories.cache(shared, "b", b"1")
    factories.cache(factories.repository(acme, "another"), "a", b"12")
    used = admin.get(f"{path}/usage").json()
    official.check(used, "/orgs/{org}/actions/cache/usage")
    assert used == {"total_active_caches_count": 3, "total_active_caches_size_in_bytes": 8}
    each = admin.get(f"{path}/usage-by-repository").json()
    official.check(each, "/orgs/{org}/actions/cache/usage-by-repository")
    names = [one["full_name"] for one in each["repository_cache_usages"]]
    assert (each["total_count"], names) == (2, ["acme/another", "acme/hello"])
    assert empty.full_name not in names
    for part in ("usage", "usage-by-repository"):
        assert as_(None, "repo").get(f"{path}/{part}").status_code == 403
        assert as_(factories.account(), "admin:org").get(f"{path}/{part}").status_code == 403
        assert admin.get(f"/api/v3/orgs/nobody/actions/cache/{part}").status_code == 404


def test_policy(client: Client, as_: Any, repository: Repository) -> None:
    path = f"{R}/cache/usage-policy"
    official.check(client.get(path).json(), f"{O}/cache/usage-policy")
    assert client.get(path).json() == {"repo_cache_size_limit_in_gb": 10}
    json = "application/json"
    assert client.patch(path, {"repo_cache_size_limit_in_gb": 3}, content_type=json).status_code == 204
    assert client.get(path).json() == {"repo_cache_size_limit_in_gb": 3}
    for wrong in (0, -1, "3", True, None, 10**9, 10**30, 1.5):
        answer = client.patch(path, {"repo_cache_size_limit_in_gb": wrong}, content_type=json)
        assert answer.status_code == 422, wrong
    assert client.get(path).json() == {"repo_cache_size_limit_in_gb": 3}
    assert audit.queries(repository_id=repository.pk, action="actions_policy.updated").count() == 1
    writer = factories.account()
    Collaborator.objects.create(repository=repository, user=writer, right=Right.WRITE)
    assert as_(writer).patch(path, {"repo_cache_size_limit_in_gb": 5}, content_type=json).status_code == 403


def test_a_reader_deletes_nothing(as_: Any, owner: Account) -> None:
    private = factories.repository(owner, "hello", private=True)
    made = factories.cache(private)
    reader = factories.account()
    path = f"{R}/caches"
    assert as_(reader).delete(f"{path}/{made.pk}").status_code == 404
    Collaborator.objects.create(repository=private, user=reader, right=Right.READ)
    assert as_(reader).get(path).json()["total_count"] == 1
    assert as_(reader).delete(f"{path}/{made.pk}").status_code == 403
    assert as_(reader).delete(f"{path}?key=deps").status_code == 403
    assert Cache.objects.exists()


def test_what_nobody_uses_goes(repository: Repository, django_capture_on_commit_callbacks: Any) -> None:
    old = factories.cache(repository, "old", last_accessed_at=timezone.now() - timedelta(days=8))
    new = factories.cache(repository, "new", last_accessed_at=timezone.now() - timedelta(days=6))
    with django_capture_on_commit_callbacks(execute=True):
        keeping.evict()
    assert list(Cache.objects.all()) == [new]
    assert not storage().exists(old.storage_key)


def test_what_is_too_much_goes_from_the_one_not_used_for_longest(client: Client, repository: Repository) -> None:
    client.patch(f"{R}/cache/usage-policy", {"repo_cache_size_limit_in_gb": 2}, content_type="application/json")
    for number in range(4):
        used = timezone.now() - timedelta(hours=number)
        factories.cache(repository, f"k{number}", size=1 << 30, last_accessed_at=used)
    keeping.evict()
    assert sorted(Cache.objects.values_list("key", flat=True)) == ["k0", "k1"]
    assert Cache.objects.aggregate(Sum("size"))["size__sum"] == 2 << 30


def test_those_of_a_deleted_repository_go(repository: Repository) -> None:
    made = factories.cache(repository)
    repository.delete()
    keeping.clear()
    assert not Cache.objects.exists()
    assert not storage().exists(made.storage_key)
