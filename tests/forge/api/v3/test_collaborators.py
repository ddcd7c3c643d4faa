"""Who works in a repository: listed, asked about, added, removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from forge.accounts import audit
from forge.accounts.models import Account, Membership
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db

API = "/api/v3/repos/acme/hello/collaborators"


@pytest.fixture
def people(shared: Repository) -> dict[str, Account]:
    """A member of the organisation; and from outside a reader, a writer, and somebody without any right."""
    made = {name: factories.account(name) for name in ("member", "reader", "writer", "stranger")}
    Membership.objects.create(organization=shared.owner, user=made["member"])
    for name, right in (("reader", Right.READ), ("writer", Right.WRITE)):
        Collaborator.objects.create(repository=shared, user=made[name], right=right)
    return made


def put(client: Client, login: str, **body: Any) -> int:
    return client.put(f"{API}/{login}", body, content_type="application/json").status_code


@pytest.mark.parametrize(
    ("query", "logins"),
    [
        ("", ["member", "octo", "reader", "writer"]),
        ("?affiliation=all", ["member", "octo", "reader", "writer"]),
        ("?affiliation=direct", ["octo", "reader", "writer"]),
        ("?affiliation=outside", ["reader", "writer"]),
        ("?permission=push", ["writer"]),
        ("?permission=pull", ["member", "reader"]),
        ("?permission=admin&affiliation=direct", ["octo"]),
        ("?per_page=2&page=2", ["reader", "writer"]),
    ],
)
def test_they_are_listed(admin: Client, people: dict[str, Account], query: str, logins: list[str]) -> None:
    rows = admin.get(API + query).json()

    assert [row["login"] for row in rows] == logins
    for row in rows:
        official.check_shape(row, "simple-user")


def test_what_each_may_do_is_said(admin: Client, people: dict[str, Account]) -> None:
    rights = {row["login"]: (row["role_name"], row["permissions"]["push"]) for row in admin.get(API).json()}

    assert rights == {
        "member": ("read", False),
        "octo": ("admin", True),
        "reader": ("read", False),
        "writer": ("write", True),
    }


@pytest.mark.parametrize("query", ["?affiliation=x", "?permission=x"])
def test_unknown_filters_are_422(admin: Client, people: dict[str, Account], query: str) -> None:
    assert admin.get(API + query).status_code == 422


def test_a_long_list_asks_no_more_often(
    admin: Client, people: dict[str, Account], shared: Repository, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        Collaborator.objects.create(repository=shared, user=factories.account(f"more{number}"), right=Right.READ)

    with django_assert_max_num_queries(10):
        assert len(admin.get(API).json()) == 24


def test_one_is_added_changed_and_removed(
    admin: Client, as_: As, people: dict[str, Account], shared: Repository
) -> None:
    Repository.objects.update(private=True)
    stranger = as_(people["stranger"])
    place = "/api/v3/repos/acme/hello"

    assert (stranger.get(place).status_code, admin.get(f"{API}/stranger").status_code) == (404, 404)
    assert put(admin, "Stranger", permission="pull") == 204
    assert (stranger.get(place).status_code, admin.get(f"{API}/stranger").status_code) == (200, 204)
    assert put(admin, "stranger") == 204
    assert stranger.get(place).json()["permissions"]["push"]
    assert admin.delete(f"{API}/stranger").status_code == 204
    assert admin.delete(f"{API}/stranger").status_code == 204
    assert stranger.get(place).status_code == 404

    written = [(one.action, one.names, one.details) for one in audit.queries(repository_id=shared.pk)]
    assert written == [
        ("collaborator.removed", ["stranger"], {}),
        ("collaborator.changed", ["stranger"], {"permission": "write"}),
        ("collaborator.added", ["stranger"], {"permission": "read"}),
    ]


@pytest.mark.parametrize(
    ("login", "body", "status"),
    [
        ("nobody", {}, 404),
        ("acme", {}, 404),
        ("stranger", {"permission": "all"}, 422),
        ("stranger", {"permission": 5}, 422),
    ],
)
def test_what_cannot_be(
    admin: Client, people: dict[str, Account], login: str, body: dict[str, Any], status: int
) -> None:
    assert put(admin, login, **body) == status


def test_an_owner_is_no_collaborator(client: Client, repository: Repository) -> None:
    answer = client.put("/api/v3/repos/octo/hello/collaborators/octo", {}, content_type="application/json")

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("who", "listing", "about", "oneself", "adding"),
    [
        ("nobody", 401, 401, 401, 401),
        ("stranger", 403, 403, 200, 403),
        ("reader", 403, 403, 200, 403),
        ("writer", 200, 200, 200, 403),
    ],
)
def test_who_may_ask_and_add(
    as_: As, people: dict[str, Account], who: str, listing: int, about: int, oneself: int, adding: int
) -> None:
    asker = Client() if who == "nobody" else as_(people[who])

    assert asker.get(API).status_code == listing
    assert asker.get(f"{API}/member/permission").status_code == about
    assert asker.get(f"{API}/{who}/permission").status_code == oneself
    assert put(asker, "member") == adding
    assert asker.delete(f"{API}/member").status_code == adding


def test_everybody_may_leave(as_: As, people: dict[str, Account]) -> None:
    assert as_(people["reader"]).delete(f"{API}/reader").status_code == 204
    assert not Collaborator.objects.filter(user=people["reader"]).exists()


@pytest.mark.parametrize(
    ("login", "word"), [("octo", "admin"), ("writer", "write"), ("member", "read"), ("stranger", "none")]
)
def test_what_somebody_may_do(admin: Client, people: dict[str, Account], login: str, word: str) -> None:
    Repository.objects.update(private=True)

    shown = admin.get(f"{API}/{login}/permission").json()

    assert (shown["permission"], shown["role_name"], shown["user"]["login"]) == (word, word, login)
