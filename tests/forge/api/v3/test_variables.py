"""Variables over the API, in all three places."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts import audit, users
from forge.accounts.models import Account
from forge.repos.models import Collaborator, Repository, Right
from forge.vault import names
from forge.vault.models import Variable
from tests import factories
from tests.forge.api import official
from tests.forge.api.v3.vault import ENVIRONMENT, ORGANIZATION, REPOSITORY, Place, put_secret


def post(client: Client, place: Place, name: Any, value: Any, **more: Any) -> Any:
    """Create one."""
    body = {"name": name, "value": value, **place.more, **more}
    return client.post(f"{place.api}/variables", body, content_type="application/json")


def patch(client: Client, place: Place, which: str, /, **body: Any) -> Any:
    """Change one."""
    return client.patch(f"{place.api}/variables/{which}", body, content_type="application/json")


def test_from_nothing_to_nothing(admin: Client, place: Place) -> None:
    one = f"{place.api}/variables/COLOUR"
    assert admin.get(f"{place.api}/variables").json() == {"total_count": 0, "variables": []}
    made = post(admin, place, "Colour", "blue")
    assert made.status_code == 201
    official.check(made.json(), f"{place.official}/variables", "post", 201)
    again = post(admin, place, "COLOUR", "red")
    assert again.status_code == 409
    assert "already exists" in again.json()["message"]

    shown = admin.get(f"{place.api}/variables/colour").json()
    official.check(shown, f"{place.official}/variables/{{name}}")
    assert (shown["name"], shown["value"]) == ("COLOUR", "blue")
    listed = admin.get(f"{place.api}/variables").json()
    official.check(listed, f"{place.official}/variables")
    assert listed == {"total_count": 1, "variables": [shown]}

    for body, found in (
        ({"value": "green"}, {"COLOUR": "green"}),
        ({"name": "hue"}, {"HUE": "green"}),
        ({"name": "COLOUR", "value": ""}, {"COLOUR": ""}),
        ({}, {"COLOUR": ""}),
    ):
        name = Variable.objects.get().name
        changed = patch(admin, place, name, **body)
        assert (changed.status_code, changed.content) == (204, b"")
        assert dict(Variable.objects.values_list("name", "value")) == found
    post(admin, place, "OTHER", "x")
    assert patch(admin, place, "OTHER", name="colour").status_code == 409
    assert admin.delete(one).status_code == 204
    for method in ("get", "patch", "delete"):
        assert getattr(admin, method)(one).status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        (None, "x", "name"),
        ("", "x", "name"),
        (5, "x", "name"),
        ("1A", "x", "name"),
        ("GITHUB_A", "x", "name"),
        ("A B", "x", "name"),
        ("A", None, "value"),
        ("A", 5, "value"),
        ("A", ["x"], "value"),
        ("A", "x" * (names.VALUE_BYTES + 1), "value"),
    ],
)
def test_bad_input(admin: Client, place: Place, name: Any, value: Any, field: str) -> None:
    answer = post(admin, place, name, value)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    post(admin, place, "A", "x")
    if name is not None and value is not None:
        assert patch(admin, place, "A", name=name, value=value).status_code == 422
    assert dict(Variable.objects.values_list("name", "value")) == {"A": "x"}


@pytest.mark.parametrize(
    ("right", "scopes", "codes"),
    [
        (Right.ADMIN, "repo", [200, 201, 204, 204]),
        (Right.WRITE, "repo", [200, 201, 204, 204]),
        (Right.WRITE, "repo:read", [403, 403, 403, 403]),
        (Right.READ, "repo", [403, 403, 403, 403]),
        (Right.NONE, "repo", [404, 404, 404, 404]),
    ],
)
@pytest.mark.parametrize("where", [REPOSITORY, ENVIRONMENT], ids=["repository", "environment"])
def test_rights(as_: Any, shared: Repository, where: Place, right: Right, scopes: str, codes: list[int]) -> None:
    Repository.objects.filter(pk=shared.pk).update(private=True)
    person = factories.account()
    Collaborator.objects.create(repository=shared, user=person, right=right)
    client = as_(person, scopes)
    found = [
        client.get(f"{where.api}/variables"),
        post(client, where, "A", "x"),
        patch(client, where, "A", value="y"),
        client.delete(f"{where.api}/variables/A"),
    ]
    assert [answer.status_code for answer in found] == codes


def test_text_that_no_door_takes(admin: Client, place: Place) -> None:
    for value in ("a\0b", "\ud800"):
        assert post(admin, place, "A", value).status_code == 400
    assert not Variable.objects.exists()


def test_organizations_are_for_their_owners(as_: Any, owner: Account, shared: Repository) -> None:
    member = factories.account("member")
    shared.owner.members.create(user=member)
    for client, code in ((as_(owner, "repo"), 403), (as_(member, "admin:org"), 403), (Client(), 401)):
        assert client.get(f"{ORGANIZATION.api}/variables").status_code == code
        assert post(client, ORGANIZATION, "A", "x").status_code == code


def test_visibility(admin: Client, shared: Repository) -> None:
    one = f"{ORGANIZATION.api}/variables/A"
    assert post(admin, ORGANIZATION, "A", "x", visibility=None).json()["errors"][0]["field"] == "visibility"
    assert post(admin, ORGANIZATION, "A", "x", visibility="everyone").status_code == 422
    assert post(admin, ORGANIZATION, "A", "x", visibility="all", selected_repository_ids=[shared.pk]).status_code == 422
    chosen = {"visibility": "selected", "selected_repository_ids": [shared.pk]}
    assert post(admin, ORGANIZATION, "A", "x", **chosen).status_code == 201
    shown = admin.get(one).json()
    official.check(shown, "/orgs/{org}/actions/variables/{name}")
    assert shown["selected_repositories_url"].endswith("/api/v3/orgs/acme/actions/variables/A/repositories")
    assert patch(admin, ORGANIZATION, "A", value="y").status_code == 204
    assert admin.get(one).json()["visibility"] == "selected"
    assert patch(admin, ORGANIZATION, "A", selected_repository_ids=[]).status_code == 204
    assert admin.get(f"{one}/repositories").json()["total_count"] == 0
    assert patch(admin, ORGANIZATION, "A", visibility="all").status_code == 204
    assert patch(admin, ORGANIZATION, "A", selected_repository_ids=[shared.pk]).status_code == 422


@pytest.mark.parametrize("kind", ["secrets", "variables"])
def test_selected_repositories(admin: Client, acme: Account, shared: Repository, kind: str) -> None:
    other, foreign = factories.repository(acme, "other"), factories.repository()
    base, part = f"{ORGANIZATION.api}/{kind}", "secret_name" if kind == "secrets" else "name"
    written = f"/orgs/{{org}}/actions/{kind}/{{{part}}}/repositories"
    body = {"visibility": "selected"}
    if kind == "secrets":
        assert put_secret(admin, ORGANIZATION.api, "A", "x", **body).status_code == 201
    else:
        assert post(admin, ORGANIZATION, "A", "x", **body).status_code == 201

    def names_() -> list[str]:
        found = admin.get(f"{base}/a/repositories").json()
        official.check(found, written)
        return [one["name"] for one in found["repositories"]]

    def send(ids: Any) -> int:
        data = {"selected_repository_ids": ids}
        return int(admin.put(f"{base}/A/repositories", data, content_type="application/json").status_code)

    assert names_() == []
    assert send([shared.pk, other.pk]) == 204
    assert names_() == ["hello", "other"]
    for ids in ([foreign.pk], None, "x", [{}]):
        assert send(ids) == 422
    assert admin.delete(f"{base}/A/repositories/{other.pk}").status_code == 204
    assert names_() == ["hello"]
    assert admin.put(f"{base}/A/repositories/{other.pk}").status_code == 204
    assert names_() == ["hello", "other"]
    for method in ("put", "delete"):
        assert getattr(admin, method)(f"{base}/A/repositories/{foreign.pk}").status_code == 404
        assert getattr(admin, method)(f"{base}/NONE/repositories/{other.pk}").status_code == 404
    assert audit.queries(owner=acme)[0].action == f"{kind.removesuffix('s')}.updated"


def test_no_selection_without_selected(admin: Client, shared: Repository) -> None:
    post(admin, ORGANIZATION, "A", "x")
    put_secret(admin, ORGANIZATION.api, "A", "x", visibility="private")
    body = {"selected_repository_ids": [shared.pk]}
    for kind, listing in (("secrets", 200), ("variables", 409)):
        base = f"{ORGANIZATION.api}/{kind}/A/repositories"
        assert admin.get(base).status_code == listing
        assert admin.put(base, body, content_type="application/json").status_code == 409
        assert admin.put(f"{base}/{shared.pk}").status_code == 409
        assert admin.delete(f"{base}/{shared.pk}").status_code == 409


def test_what_an_organization_shares(admin: Client, shared: Repository) -> None:
    for name, more in (
        ("EVERYWHERE", {"visibility": "all"}),
        ("PRIVATE", {"visibility": "private"}),
        ("CHOSEN", {"visibility": "selected", "selected_repository_ids": [shared.pk]}),
        ("OTHERS", {"visibility": "selected"}),
    ):
        post(admin, ORGANIZATION, name, name.lower(), **more)
    post(admin, REPOSITORY, "OWN", "x")
    found = admin.get(f"{REPOSITORY.api}/organization-variables").json()
    official.check(found, "/repos/{owner}/{repo}/actions/organization-variables")
    assert {one["name"]: one["value"] for one in found["variables"]} == {"CHOSEN": "chosen", "EVERYWHERE": "everywhere"}


def test_who_did_it_is_written_down(admin: Client, place: Place) -> None:
    post(admin, place, "A", "the value")
    patch(admin, place, "A", value="another value", name="B")
    admin.delete(f"{place.api}/variables/B")
    entries = list(audit.queries(owner=users.find("acme")))
    assert [entry.action for entry in reversed(entries)] == ["variable.created", "variable.updated", "variable.deleted"]
    assert [entry.names for entry in reversed(entries)] == [["A"], ["A", "B"], ["B"]]
    assert all("value" not in str(entry.names) for entry in entries)
