"""Runner groups of an organisation, over the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, AuditEntry
from forge.repos.models import Repository
from forge.runners import groups
from forge.runners.models import Runner, RunnerGroup
from tests import factories
from tests.forge.api import official

G = "/api/v3/orgs/acme/actions/runner-groups"
O = "/orgs/{org}/actions/runner-groups"  # noqa: E741 - as G, in the official description
ONE = f"{O}/{{runner_group_id}}"


@pytest.fixture
def acme(owner: Account) -> Account:
    return users.create_organization("acme", owner)


@pytest.fixture
def asking(as_: Any, acme: Account) -> Client:
    """The organisation's owner."""
    client: Client = as_(None, "admin:org")
    return client


@pytest.fixture
def private(acme: Account) -> Repository:
    return factories.repository(acme, "closed", private=True)


@pytest.fixture
def public(acme: Account) -> Repository:
    return factories.repository(acme, "open")


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    """An answer to JSON."""
    return client.generic(method, path, "" if body is None else json.dumps(body), content_type="application/json")


def made(client: Client, name: str = "big", **body: Any) -> dict[str, Any]:
    """A new group as it is answered."""
    answer = send(client, "POST", G, {"name": name, **body})
    assert answer.status_code == 201, answer.json()
    official.check(answer.json(), O, "post", 201)
    shown: dict[str, Any] = answer.json()
    return shown


def test_every_organisation_has_the_default_group(asking: Client) -> None:
    listed = asking.get(G).json()
    official.check(listed, O)
    (one,) = listed["runner_groups"]
    assert (one["id"], one["name"], one["default"], one["visibility"]) == (1, "Default", True, "all")
    assert one["allows_public_repositories"] is True
    shown = asking.get(f"{G}/1")
    official.check(shown.json(), ONE)
    assert shown.json() == one
    refused = asking.delete(f"{G}/1")
    assert (refused.status_code, refused.json()["message"]) == (422, "The default runner group cannot be deleted")


def test_made_changed_and_deleted(asking: Client, acme: Account, private: Repository) -> None:
    runner = factories.runner("box", owner=acme)
    body = {"visibility": "selected", "selected_repository_ids": [private.pk], "runners": [runner.pk]}
    one = made(asking, **body)
    url = f"{G}/{one['id']}"
    assert one["selected_repositories_url"].endswith(f"{url}/repositories")
    assert (one["allows_public_repositories"], one["restricted_to_workflows"]) == (False, False)
    inside = asking.get(f"{url}/runners").json()
    official.check(inside, f"{ONE}/runners")
    assert [(shown["id"], shown["runner_group_id"], shown["runner_group_name"]) for shown in inside["runners"]] == [
        (runner.pk, one["id"], "big")
    ]
    files = ["acme/closed/.github/workflows/ci.yml@main"]
    change = {"name": "BIG", "visibility": "all", "restricted_to_workflows": True, "selected_workflows": files}
    changed = send(asking, "PATCH", url, change)
    assert changed.status_code == 200
    official.check(changed.json(), ONE, "patch")
    assert (changed.json()["name"], changed.json()["selected_workflows"]) == ("BIG", files)
    assert "selected_repositories_url" not in changed.json()
    assert Runner.objects.get(pk=runner.pk).changed_at is not None
    assert asking.delete(url).status_code == 204
    assert asking.get(url).status_code == 404
    assert Runner.objects.get(pk=runner.pk).group == groups.default(acme)
    said = AuditEntry.objects.filter(owner_id=acme.pk).order_by("id").values_list("action", "names", "scope")
    assert list(said) == [
        ("runner_group.created", ["big"], "acme"),
        ("runner_group.updated", ["BIG"], "acme"),
        ("runner_group.deleted", ["BIG"], "acme"),
    ]


def test_repositories(asking: Client, private: Repository, public: Repository) -> None:
    url = f"{G}/{made(asking, visibility='selected')['id']}/repositories"
    assert send(asking, "PUT", url, {"selected_repository_ids": [private.pk]}).status_code == 204
    assert asking.put(f"{url}/{public.pk}").status_code == 204
    listed = asking.get(url).json()
    official.check(listed, f"{ONE}/repositories")
    assert [one["name"] for one in listed["repositories"]] == ["closed", "open"]
    assert asking.delete(f"{url}/{private.pk}").status_code == 204
    assert [one["name"] for one in asking.get(url).json()["repositories"]] == ["open"]
    foreign = factories.repository()
    assert send(asking, "PUT", url, {"selected_repository_ids": [foreign.pk]}).status_code == 422
    assert asking.put(f"{url}/{foreign.pk}").status_code == 404
    assert asking.put(f"{G}/1/repositories/{private.pk}").status_code == 409
    assert send(asking, "PUT", f"{G}/1/repositories", {"selected_repository_ids": []}).status_code == 409
    assert asking.get(f"{G}/1/repositories").json()["total_count"] == 2


def test_runners(asking: Client, acme: Account) -> None:
    first, second = factories.runner("first", owner=acme), factories.runner("second", owner=acme)
    url = f"{G}/{made(asking)['id']}/runners"
    assert send(asking, "PUT", url, {"runners": [first.pk]}).status_code == 204
    assert asking.put(f"{url}/{second.pk}").status_code == 204
    assert asking.get(url).json()["total_count"] == 2
    assert asking.get(f"{G}/1/runners").json()["total_count"] == 0
    assert asking.delete(f"{url}/{first.pk}").status_code == 204
    assert asking.delete(f"{url}/{first.pk}").status_code == 404
    assert send(asking, "PUT", url, {"runners": []}).status_code == 204
    assert [one["name"] for one in asking.get(f"{G}/1/runners").json()["runners"]] == ["first", "second"]
    foreign = factories.runner("elsewhere")
    assert asking.put(f"{url}/{foreign.pk}").status_code == 404
    assert send(asking, "PUT", url, {"runners": [foreign.pk]}).status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "name"),
        ({"name": " "}, 422, "name"),
        ({"name": "a/b"}, 422, "name"),
        ({"name": "x" * 101}, 422, "name"),
        ({"name": 1}, 422, "name"),
        ({"name": "default"}, 409, ""),
        ({"name": "n", "visibility": "some"}, 422, "visibility"),
        ({"name": "n", "selected_repository_ids": [1 << 62]}, 422, "selected_repository_ids"),
        ({"name": "n", "selected_repository_ids": "all"}, 422, "selected_repository_ids"),
        ({"name": "n", "runners": [1 << 62]}, 422, "runners"),
        ({"name": "n", "allows_public_repositories": "yes"}, 422, "allows_public_repositories"),
        ({"name": "n", "selected_workflows": ["ci.yml"]}, 422, "selected_workflows"),
        ({"name": "n", "selected_workflows": [1]}, 422, "selected_workflows"),
        ({"name": "n", "selected_workflows": ["a/b/c.yml"]}, 422, "selected_workflows"),
    ],
)
def test_what_is_no_group(asking: Client, body: dict[str, Any], status: int, field: str) -> None:
    for method, url in (("POST", G), ("PATCH", f"{G}/{made(asking, 'other')['id']}" if body else "")):
        if not url or (method == "PATCH" and "runners" in body):  # a change says nothing of runners
            continue
        answer = send(asking, method, url, body)
        assert answer.status_code == status, (method, answer.json())
        if field:
            assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert list(RunnerGroup.objects.exclude(number=1).values_list("name", flat=True)) == (["other"] if body else [])


def test_the_default_group_keeps_its_name(asking: Client) -> None:
    assert send(asking, "PATCH", f"{G}/1", {"name": "Mine"}).status_code == 422
    changed = send(asking, "PATCH", f"{G}/1", {"name": "Default", "allows_public_repositories": False})
    assert changed.json()["allows_public_repositories"] is False


def test_groups_that_a_repository_may_use(asking: Client, private: Repository, public: Repository) -> None:
    made(asking, "of-open", visibility="selected", selected_repository_ids=[public.pk], allows_public_repositories=True)
    made(asking, "of-closed", visibility="selected", selected_repository_ids=[private.pk])
    made(asking, "private", visibility="private")
    for name, usable in (
        ("closed", ["Default", "of-closed", "private"]),
        ("acme/Open", ["Default", "of-open"]),
        ("none", []),
    ):
        listed = asking.get(f"{G}?visible_to_repository={name}").json()
        assert [one["name"] for one in listed["runner_groups"]] == usable


def test_numbers_are_the_organisation_s_own(asking: Client, owner: Account) -> None:
    other = users.create_organization("umbrella", owner)
    assert (made(asking)["id"], made(asking, "more")["id"]) == (2, 3)
    assert asking.get("/api/v3/orgs/umbrella/actions/runner-groups/2").status_code == 404
    assert groups.default(other).number == 1


def test_who_may(as_: Any, asking: Client, owner: Account) -> None:
    url = f"{G}/{made(asking)['id']}"
    for path in (G, url, f"{url}/repositories", f"{url}/runners"):
        refused = as_(owner, "repo").get(path)
        assert (refused.status_code, refused["X-Accepted-OAuth-Scopes"]) == (403, "admin:org")
        assert as_(factories.account(), "admin:org").get(path).status_code == 403
        assert Client().get(path).status_code == 401
    assert as_(owner, "repo").delete(url).status_code == 403
    assert asking.get(f"{G}/99").status_code == 404


def test_a_list_asks_as_often_for_many(asking: Client, acme: Account) -> None:
    counts = []
    for number in range(2):
        one = made(asking, f"g{number}")
        for more in range(1 + 5 * number):
            groups.put(
                Actor.for_session(acme),
                groups.find(acme, one["id"]),
                factories.runner(f"r{number}{more}", owner=acme).pk,
            )
        with CaptureQueriesContext(connection) as seen:
            assert asking.get("/api/v3/orgs/acme/actions/runners").status_code == 200
            assert asking.get(G).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
