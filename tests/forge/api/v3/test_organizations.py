"""Profiles of people, organisations and their settings, with what these do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts import audit
from forge.accounts.models import Account, Membership
from forge.actions import deletion
from forge.repos.models import Repository
from tests import factories
from tests.forge.api import official
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db

ORG = "/api/v3/orgs/acme"


def patch(client: Client, path: str, **body: Any) -> Any:
    return client.patch(path, body, content_type="application/json")


@pytest.fixture
def member(acme: Account) -> Account:
    made = factories.account("member")
    Membership.objects.create(organization=acme, user=made)
    return made


def test_a_person_changes_the_own_profile(as_: As, owner: Account) -> None:
    client = as_(None, "user")
    wanted = {"name": "Octo", "bio": "Eight arms", "blog": "https://o.example", "location": "Sea", "hireable": True}

    answer = patch(client, "/api/v3/user", **wanted, email="o@example.org", company=None)

    official.check(answer.json(), "/user", "patch")
    assert {key: answer.json()[key] for key in wanted} == wanted
    shown = Client().get("/api/v3/users/octo").json()
    official.check(shown, "/users/{username}")
    assert (shown["email"], shown["bio"], shown["company"]) == ("o@example.org", "Eight arms", None)
    assert patch(client, "/api/v3/user", hireable=None).json()["hireable"] is None
    assert [one.action for one in audit.queries(owner=owner)] == ["user.changed", "user.changed"]


@pytest.mark.parametrize(
    "body", [{"name": 5}, {"email": "nowhere"}, {"bio": "x" * 300}, {"hireable": "yes"}, {"name": "x" * 256}]
)
def test_what_no_profile_can_hold(as_: As, body: dict[str, Any]) -> None:
    answer = patch(as_(None, "user"), "/api/v3/user", **body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(body))


def test_a_profile_needs_its_scope(client: Client) -> None:
    answer = patch(client, "/api/v3/user", name="x")

    assert (answer.status_code, answer["X-Accepted-OAuth-Scopes"]) == (403, "user, user:write")
    assert patch(Client(), "/api/v3/user", name="x").status_code == 401


def test_an_organization_is_shown_by_who_asks(admin: Client, acme: Account) -> None:
    public, whole = Client().get(ORG).json(), admin.get(ORG).json()

    for shown in (public, whole):
        official.check(shown, "/orgs/{org}")
    assert "default_repository_permission" not in public
    assert whole["default_repository_permission"] == "read"
    assert Client().get("/api/v3/orgs/octo").status_code == 404


def test_owners_change_it(admin: Client, acme: Account) -> None:
    answer = patch(admin, ORG, description="Tools", billing_email="b@example.org", members_can_create_repositories=True)

    official.check(answer.json(), "/orgs/{org}", "patch")
    assert (answer.json()["description"], answer.json()["members_allowed_repository_creation_type"]) == ("Tools", "all")
    entry = audit.queries(owner=acme).filter(action="organization.changed").get()
    assert entry.details["description"] == ["", "Tools"]
    # What is as it was is nothing to be written down.
    patch(admin, ORG, description="Tools")
    assert audit.queries(owner=acme).filter(action="organization.changed").count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"default_repository_permission": "all"},
        {"members_allowed_repository_creation_type": "some"},
        {"members_can_create_repositories": "yes"},
        {"email": "nowhere"},
        {"name": []},
    ],
)
def test_what_no_organization_can_be(admin: Client, acme: Account, body: dict[str, Any]) -> None:
    assert patch(admin, ORG, **body).status_code == 422


@pytest.mark.parametrize(
    ("permission", "seen", "listed", "push"),
    [("none", 404, [], None), ("read", 200, ["hello"], False), ("write", 200, ["hello"], True)],
)
def test_members_have_what_it_gives_to_all(
    admin: Client,
    as_: As,
    member: Account,
    shared: Repository,
    permission: str,
    seen: int,
    listed: list[str],
    push: bool,
) -> None:
    Repository.objects.update(private=True)
    patch(admin, ORG, default_repository_permission=permission)

    answer = as_(member).get("/api/v3/repos/acme/hello")

    assert answer.status_code == seen
    assert answer.json().get("permissions", {}).get("push") == push
    assert [row["name"] for row in as_(member).get("/api/v3/user/repos").json()] == listed


@pytest.mark.parametrize(("kind", "public", "private"), [("none", 403, 403), ("private", 403, 201), ("all", 201, 201)])
def test_members_create_what_they_may(
    admin: Client, as_: As, member: Account, kind: str, public: int, private: int
) -> None:
    patch(admin, ORG, members_allowed_repository_creation_type=kind)
    client = as_(member)

    for name, expected in (("open", public), ("closed", private)):
        body = {"name": name, "private": name == "closed"}
        answer = client.post(f"{ORG}/repos", body, content_type="application/json")
        assert answer.status_code == expected


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("member", 403), ("weak owner", 403)])
def test_only_owners_with_the_scope(as_: As, owner: Account, member: Account, who: str, status: int) -> None:
    asker = Client() if who == "nobody" else as_(member if who == "member" else owner)

    refused = [patch(asker, ORG, name="x"), asker.delete(ORG)]

    assert [one.status_code for one in refused] == [status, status]
    if who != "nobody":
        assert {one["X-Accepted-OAuth-Scopes"] for one in refused} == {"admin:org"}


def test_a_deleted_organization_is_gone_with_its_repositories(admin: Client, acme: Account, shared: Repository) -> None:
    factories.runner("tools", owner=acme)

    assert (answer := admin.delete(ORG)).status_code == 202
    assert answer.json() == {}

    assert [admin.get(path).status_code for path in (ORG, "/api/v3/repos/acme/hello", "/api/v3/users/acme")] == [
        404
    ] * 3
    assert admin.delete(ORG).status_code == 404
    assert [one.action for one in audit.queries(owner=acme)] == ["organization.deleted", "repository.deleted"]
    deletion.sweep()
    assert not Account.objects.filter(login="acme").exists()
    assert factories.account("acme").pk  # the login is free again


def test_memberships_are_for_those_who_share_them(as_: As, owner: Account, member: Account) -> None:
    place = "/api/v3/users/member/orgs"
    shown = as_(None, "read:org").get(place).json()

    assert [one["login"] for one in shown] == ["acme"]
    official.check_shape(shown[0], "organization-simple")
    assert as_(None, "repo").get(place).json() == Client().get(place).json() == []
    assert as_(factories.account("eve"), "read:org").get(place).json() == []
    assert [one["login"] for one in as_(member, "user").get("/api/v3/user/orgs").json()] == ["acme"]
    assert as_(member, "repo").get("/api/v3/user/orgs").status_code == 403
