"""Secrets over the API, in all three places."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts import audit, users
from forge.accounts.models import Account
from forge.repos.models import Collaborator, Repository, Right
from forge.vault import names, sealing
from forge.vault.models import Secret
from tests import factories
from tests.forge.api import official
from tests.forge.api.v3.vault import ENVIRONMENT, ORGANIZATION, REPOSITORY, Place, put_secret
from tests.forge.vault import sender

VALUE = "the value that nobody may see"


def test_from_nothing_to_nothing(admin: Client, place: Place) -> None:
    list_, one = f"{place.api}/secrets", f"{place.api}/secrets/TOKEN"
    key = admin.get(f"{list_}/public-key").json()
    official.check(key, f"{place.official}/secrets/public-key")
    assert len(base64.b64decode(key["key"])) == 32
    assert admin.get(list_).json() == {"total_count": 0, "secrets": []}
    assert admin.get(one).status_code == 404

    made = put_secret(admin, place.api, "token", VALUE, **place.more)

    assert made.status_code == 201
    official.check(made.json(), f"{place.official}/secrets/{{secret_name}}", "put", 201)
    assert sealing.unseal(Secret.objects.get()) == VALUE
    shown = admin.get(one).json()
    official.check(shown, f"{place.official}/secrets/{{secret_name}}")
    assert shown["name"] == "TOKEN"
    listed = admin.get(list_).json()
    official.check(listed, f"{place.official}/secrets")
    assert listed == {"total_count": 1, "secrets": [shown]}

    again = put_secret(admin, place.api, "Token", "another", **place.more)
    assert (again.status_code, again.content) == (204, b"")
    assert sealing.unseal(Secret.objects.get()) == "another"
    assert admin.delete(one).status_code == 204
    assert admin.delete(one).status_code == 404
    assert Secret.objects.count() == 0


def test_no_answer_log_line_or_error_holds_a_value(
    admin: Client, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"encrypted_value": base64.b64encode(VALUE.encode()).decode(), "key_id": "1", **place.more}
    answers = [
        put_secret(admin, place.api, "TOKEN", VALUE, **place.more),
        put_secret(admin, place.api, "TOKEN", VALUE + "x" * names.VALUE_BYTES, **place.more),
        put_secret(admin, place.api, "TOKEN", VALUE + "\0", **place.more),
        put_secret(admin, place.api, "GITHUB_X", VALUE, **place.more),
        admin.put(f"{place.api}/secrets/A", body, content_type="application/json"),
        admin.get(f"{place.api}/secrets/TOKEN"),
        admin.get(f"{place.api}/secrets"),
    ]
    assert [answer.status_code for answer in answers] == [201, 422, 422, 422, 422, 200, 200]
    said = caplog.text + "".join(answer.content.decode() for answer in answers)
    assert VALUE not in said
    assert bytes(Secret.objects.get().sealed).hex() not in said


def wrong_bodies(key: dict[str, str]) -> dict[str, tuple[Any, str]]:
    """Bodies that are refused, with the field that the answer names."""
    good = sender.sealed("x", key["key"])
    return {
        "no body": ({}, "key_id"),
        "no key_id": ({"encrypted_value": good}, "key_id"),
        "no value": ({"key_id": key["key_id"]}, "encrypted_value"),
        "null": ({"key_id": None, "encrypted_value": None}, "key_id"),
        "other types": ({"key_id": 5, "encrypted_value": good}, "key_id"),
        "a list": ({"key_id": key["key_id"], "encrypted_value": [good]}, "encrypted_value"),
        "an old key": ({"key_id": "12345", "encrypted_value": good}, "key_id"),
        "no Base64": ({"key_id": key["key_id"], "encrypted_value": "not base64!"}, "encrypted_value"),
        "no box": ({"key_id": key["key_id"], "encrypted_value": "bm90IGEgYm94"}, "encrypted_value"),
        "plain text": (
            {"key_id": key["key_id"], "encrypted_value": base64.b64encode(b"x" * 99).decode()},
            "encrypted_value",
        ),
    }


@pytest.mark.parametrize("what", wrong_bodies({"key": base64.b64encode(b"k" * 32).decode(), "key_id": "1"}))
@pytest.mark.parametrize("where", [REPOSITORY, ENVIRONMENT], ids=["repository", "environment"])
def test_bad_input(admin: Client, where: Place, what: str) -> None:
    body, field = wrong_bodies(admin.get(f"{where.api}/secrets/public-key").json())[what]
    answer = admin.put(f"{where.api}/secrets/A", body, content_type="application/json")
    assert answer.status_code == 422, answer.json()
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["message"]
    assert not Secret.objects.exists()


@pytest.mark.parametrize("name", ["1A", "A-B", "GITHUB_A", "github_a", "A.B", "A%20B", "%C3%84", "x" * 256])
def test_bad_names(admin: Client, place: Place, name: str) -> None:
    answer = put_secret(admin, place.api, name, "x", **place.more)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"
    assert admin.get(f"{place.api}/secrets/{name}").status_code == 404


def test_a_body_that_is_no_object(admin: Client) -> None:
    for text in ("[]", "5", "{"):
        answer = admin.put(f"{REPOSITORY.api}/secrets/A", text, content_type="application/json")
        assert answer.status_code == 400


#: Who, with which scopes of a token; the status of the public key, the list, setting one and deleting it; in a
#: public repository, then in a private one.
RIGHTS = """
owner     repo                200 200 201 204   200 200 201 204
owner     repo:read           200 403 403 403   200 403 403 403
owner     workflow,admin:org  200 403 403 403   404 404 404 404
writer    repo                200 200 201 204   200 200 201 204
writer    repo:write          200 200 201 204   200 200 201 204
reader    repo                200 403 403 403   200 403 403 403
stranger  repo                200 403 403 403   404 404 404 404
nobody    -                   200 401 401 401   404 404 404 404
"""


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("where", [REPOSITORY, ENVIRONMENT], ids=["repository", "environment"])
def test_rights(as_: Any, owner: Account, shared: Repository, where: Place, private: bool) -> None:
    Repository.objects.filter(pk=shared.pk).update(private=private)
    people: dict[str, Account] = {"owner": owner, "stranger": factories.account("stranger")}
    for name, right in (("writer", Right.WRITE), ("reader", Right.READ)):
        people[name] = factories.account(name)
        Collaborator.objects.create(repository=shared, user=people[name], right=right)
    key = as_().get(f"{where.api}/secrets/public-key").json()
    body = {"encrypted_value": sender.sealed("x", key["key"]), "key_id": key["key_id"]}
    for line in RIGHTS.strip().splitlines():
        who, scopes, *codes = line.split()
        client = Client() if who == "nobody" else as_(people[who], *scopes.split(","))
        found = [
            client.get(f"{where.api}/secrets/public-key").status_code,
            client.get(f"{where.api}/secrets").status_code,
            client.put(f"{where.api}/secrets/A", body, content_type="application/json").status_code,
            client.delete(f"{where.api}/secrets/A").status_code,
        ]
        assert found == [int(code) for code in codes][4 * private :][:4], line


def test_organizations_are_for_their_owners(as_: Any, owner: Account, shared: Repository) -> None:
    member, stranger = factories.account("member"), factories.account("stranger")
    shared.owner.members.create(user=member)
    calls = [("get", "secrets"), ("get", "secrets/public-key"), ("put", "secrets/A"), ("delete", "secrets/A")]
    for client, code in (
        (as_(owner, "repo"), 403),
        (as_(owner, "admin:org", "repo"), 0),
        (as_(member, "admin:org"), 403),
        (as_(stranger, "admin:org"), 403),
        (Client(), 401),
    ):
        for method, path in calls:
            answer = getattr(client, method)(f"{ORGANIZATION.api}/{path}")
            assert answer.status_code == code or not code, (method, path)
    refused = as_(owner, "repo").get(f"{ORGANIZATION.api}/secrets")
    assert refused["X-Accepted-OAuth-Scopes"] == "admin:org"
    assert as_(owner, "admin:org").get("/api/v3/orgs/octo/actions/secrets").status_code == 404


def test_visibility(admin: Client, acme: Account, shared: Repository) -> None:
    base, one = ORGANIZATION.api, f"{ORGANIZATION.api}/secrets/A"
    assert put_secret(admin, base, "A", "x").json()["errors"][0]["field"] == "visibility"
    for wrong in ({"visibility": "some"}, {"visibility": "all", "selected_repository_ids": [shared.pk]}):
        assert put_secret(admin, base, "A", "x", **wrong).status_code == 422
    for ids in ([10**9], "5", [None], [1.5], [True], {}):
        answer = put_secret(admin, base, "A", "x", visibility="selected", selected_repository_ids=ids)
        assert answer.json()["errors"][0]["field"] == "selected_repository_ids"
    assert not Secret.objects.exists()

    chosen = {"visibility": "selected", "selected_repository_ids": [shared.pk, str(shared.pk)]}
    assert put_secret(admin, base, "A", "x", **chosen).status_code == 201
    shown = admin.get(one).json()
    official.check(shown, "/orgs/{org}/actions/secrets/{secret_name}")
    assert shown["visibility"] == "selected"
    assert admin.get(shown["selected_repositories_url"].removeprefix("http://testserver")).json()["total_count"] == 1

    changed = admin.put(one, {"visibility": "private"}, content_type="application/json")
    assert changed.status_code == 204
    assert "selected_repositories_url" not in admin.get(one).json()
    assert sealing.unseal(Secret.objects.get()) == "x"
    new = admin.put(f"{base}/secrets/NEW", {"visibility": "all"}, content_type="application/json")
    assert new.json()["errors"][0]["field"] == "encrypted_value"


def test_what_an_organization_shares(admin: Client, shared: Repository) -> None:
    put_secret(admin, ORGANIZATION.api, "EVERYWHERE", "x", visibility="all")
    put_secret(admin, ORGANIZATION.api, "PRIVATE", "x", visibility="private")
    put_secret(admin, ORGANIZATION.api, "CHOSEN", "x", visibility="selected", selected_repository_ids=[shared.pk])
    put_secret(admin, ORGANIZATION.api, "OTHERS", "x", visibility="selected")
    put_secret(admin, REPOSITORY.api, "OWN", "x")
    found = admin.get(f"{REPOSITORY.api}/organization-secrets").json()
    official.check(found, "/repos/{owner}/{repo}/actions/organization-secrets")
    assert [one["name"] for one in found["secrets"]] == ["CHOSEN", "EVERYWHERE"]


def test_pages(admin: Client) -> None:
    for number in range(5):
        put_secret(admin, REPOSITORY.api, f"S{number}", "x")
    second = admin.get(f"{REPOSITORY.api}/secrets?per_page=2&page=2")
    assert [one["name"] for one in second.json()["secrets"]] == ["S2", "S3"]
    assert second.json()["total_count"] == 5
    assert 'rel="next"' in second["Link"]


@pytest.mark.parametrize("kind", ["secrets", "variables"])
def test_queries_do_not_grow(admin: Client, shared: Repository, place: Place, kind: str) -> None:
    counts = []
    for number in range(6):
        if kind == "secrets":
            put_secret(admin, place.api, f"A{number}", "x", **place.more)
        else:
            body = {"name": f"A{number}", "value": "x", **place.more}
            admin.post(f"{place.api}/variables", body, content_type="application/json")
        with CaptureQueriesContext(connection) as seen:
            assert admin.get(f"{place.api}/{kind}").json()["total_count"] == number + 1
        counts.append(len(seen))
    assert len(set(counts[1:])) == 1, counts


def test_an_unknown_environment(admin: Client) -> None:
    base = "/api/v3/repos/acme/hello/environments/nothing"
    for path in ("secrets", "secrets/public-key", "secrets/A", "variables"):
        assert admin.get(f"{base}/{path}").status_code == 404


def test_who_did_it_is_written_down(admin: Client, owner: Account, place: Place) -> None:
    put_secret(admin, place.api, "TOKEN", VALUE, **place.more)
    admin.delete(f"{place.api}/secrets/TOKEN")
    deleted, created = audit.queries(owner=users.find("acme"))
    assert [created.action, deleted.action] == ["secret.created", "secret.deleted"]
    assert (created.actor_login, created.names) == ("octo", ["TOKEN"])
    assert created.credential.startswith("token:")
    assert VALUE not in json.dumps(created.details)
