"""Lists of repositories: filters, orders, and no more queries than one page needs; and what is written down of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forge.accounts import audit
from forge.accounts.models import Account
from forge.actions.models import Event
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(owner: Account, acme: Account) -> list[Repository]:
    """One's own, open and closed; of one's organisation; and one of another person's that one works in."""
    other = factories.account("bob")
    made = [
        factories.repository(owner, "open"),
        factories.repository(owner, "closed", private=True),
        factories.repository(acme, "tool", private=True),
        factories.repository(other, "theirs", private=True),
        factories.repository(other, "foreign"),
    ]
    Collaborator.objects.create(repository=made[3], user=owner, right=Right.WRITE)
    for days, one in enumerate(made):
        moment = timezone.now() - timedelta(days=days)
        pushed = None if one.name == "open" else moment
        Repository.objects.filter(pk=one.pk).update(created_at=moment, updated_at=moment, pushed_at=pushed)
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["tool", "theirs", "closed", "open"]),
        ("?visibility=public", ["open"]),
        ("?type=private", ["tool", "theirs", "closed"]),
        ("?type=owner", ["closed", "open"]),
        ("?type=member", ["tool", "theirs"]),
        ("?affiliation=collaborator", ["theirs"]),
        ("?affiliation=owner,organization_member", ["tool", "closed", "open"]),
        ("?sort=created", ["open", "closed", "tool", "theirs"]),
        ("?sort=created&direction=asc", ["theirs", "tool", "closed", "open"]),
        ("?sort=pushed", ["closed", "tool", "theirs", "open"]),
        ("?sort=pushed&direction=asc", ["open", "theirs", "tool", "closed"]),
        ("?sort=full_name&direction=desc", ["open", "closed", "theirs", "tool"]),
        ("?sort=nonsense", ["tool", "theirs", "closed", "open"]),
        ("?before=2020-01-01T00:00:00Z", []),
        ("?since=2020-01-01&per_page=1&page=2", ["theirs"]),
    ],
)
def test_ones_own(client: Client, several: list[Repository], query: str, names: list[str]) -> None:
    assert [row["name"] for row in client.get(f"/api/v3/user/repos{query}").json()] == names


@pytest.mark.parametrize("query", ["?type=owner&visibility=all", "?affiliation=friend", "?since=soon"])
def test_what_is_no_filter(client: Client, several: list[Repository], query: str) -> None:
    assert client.get(f"/api/v3/user/repos{query}").status_code == 422


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("users/bob/repos", ["foreign", "theirs"]),
        ("users/octo/repos?type=member", ["theirs"]),
        ("users/octo/repos?type=all", ["theirs", "closed", "open"]),
        ("orgs/acme/repos", ["tool"]),
        ("orgs/acme/repos?type=public", []),
        ("orgs/acme/repos?type=forks", []),
    ],
)
def test_of_others(client: Client, several: list[Repository], path: str, names: list[str]) -> None:
    assert [row["name"] for row in client.get(f"/api/v3/{path}").json()] == names
    assert all(not row["private"] for row in Client().get(f"/api/v3/{path}").json())


def test_each_row_says_what_one_may_do(client: Client, as_: As, several: list[Repository]) -> None:
    rights = {row["name"]: row["permissions"] for row in client.get("/api/v3/user/repos").json()}

    assert {name: (one["admin"], one["push"], one["pull"]) for name, one in rights.items()} == {
        "open": (True, True, True),
        "closed": (True, True, True),
        "tool": (True, True, True),
        "theirs": (False, True, True),
    }
    weak = as_(None, "repo:read").get("/api/v3/user/repos").json()
    assert [row["permissions"]["push"] for row in weak] == [False] * 4


def test_a_long_list_asks_no_more_often(
    client: Client, owner: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        factories.repository(owner, f"r{number}", private=number % 2 == 0)

    with django_assert_max_num_queries(7):
        assert len(client.get("/api/v3/user/repos").json()) == 30


def test_a_new_one_may_begin_with_a_readme(client: Client, owner: Account) -> None:
    body = {"name": "fresh", "description": "What it is", "auto_init": True, "default_branch": "trunk"}

    made = client.post("/api/v3/user/repos", body, content_type="application/json")

    assert made.status_code == 201
    assert made.json()["pushed_at"] >= made.json()["created_at"]
    readme = client.get("/api/v3/repos/octo/fresh/readme", headers={"accept": "application/vnd.github.raw"})
    assert readme.content == b"# fresh\n\nWhat it is\n"
    assert [one["name"] for one in client.get("/api/v3/repos/octo/fresh/branches").json()] == ["trunk"]
    assert Event.objects.filter(name="push").count() == 1


def test_what_administrators_do_is_written_down(client: Client, owner: Account) -> None:
    client.post("/api/v3/user/repos", {"name": "one"}, content_type="application/json")
    change = {"name": "two", "private": True, "description": ""}
    for _ in range(2):  # the second changes nothing
        client.patch(f"/api/v3/repositories/{Repository.objects.get().pk}", change, content_type="application/json")
    client.delete("/api/v3/repos/octo/two")

    entries = [(one.action, one.actor_login, one.details) for one in audit.queries(owner=owner)]
    assert entries == [
        ("repository.deleted", "octo", {}),
        ("repository.changed", "octo", {"name": ["one", "two"], "visibility": ["public", "private"]}),
        ("repository.created", "octo", {"visibility": "public"}),
    ]
    assert all(one.credential.startswith("token:") for one in audit.queries(owner=owner))


def test_a_newer_version_has_no_downloads(client: Client, repository: Repository) -> None:
    newer = {"x-github-api-version": "2026-03-10"}
    for path in ("/api/v3/repos/octo/hello", "/api/v3/user/repos"):
        shown, then = client.get(path, headers=newer).json(), client.get(path).json()
        one, two = (found[0] if isinstance(found, list) else found for found in (shown, then))
        assert two.keys() - one.keys() == {"has_downloads"}
