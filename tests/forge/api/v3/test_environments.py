"""Environments over the API: rows with a name, and no protection yet."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts import audit
from forge.accounts.models import Account
from forge.environments import environments
from forge.environments.models import Environment
from forge.repos.models import Collaborator, Repository, Right
from forge.vault.models import Secret, Variable
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello/environments"
O = "/repos/{owner}/{repo}/environments"  # noqa: E741 - as R, in the official description
ONE = f"{O}/{{environment_name}}"


def put(client: Client, name: str, body: Any = None) -> Any:
    """Make one."""
    return client.put(f"{R}/{name}", body if body is not None else b"", content_type="application/json")


def test_from_nothing_to_nothing(client: Client, repository: Repository) -> None:
    assert client.get(R).json() == {"total_count": 0, "environments": []}
    assert client.get(f"{R}/Production").status_code == 404
    made = put(client, "Production")
    assert made.status_code == 200
    official.check(made.json(), ONE, "put")
    shown = client.get(f"{R}/PRODUCTION").json()
    official.check(shown, ONE)
    assert shown == made.json()
    assert (shown["name"], shown["protection_rules"], shown["deployment_branch_policy"]) == ("Production", [], None)
    assert put(client, "production").json()["id"] == shown["id"]
    listed = client.get(R).json()
    official.check(listed, O)
    assert [one["name"] for one in listed["environments"]] == ["Production"]
    assert client.delete(f"{R}/production").status_code == 204
    assert client.delete(f"{R}/production").status_code == 404


@pytest.mark.parametrize(
    ("written", "name"), [("a%2Fb", "a/b"), ("a/b", "a/b"), ("a%20b/c", "a b/c"), ("%E7%94%9F", "生"), ("x" * 255,) * 2]
)
def test_names(client: Client, repository: Repository, written: str, name: str) -> None:
    made = put(client, written).json()
    assert made["name"] == name
    assert client.get(made["url"].removeprefix("http://testserver")).json() == made
    by_id = client.get(f"/api/v3/repositories/{repository.pk}/environments/{written}").json()
    assert by_id["id"] == made["id"]


@pytest.mark.parametrize("written", ["%20", "x" * 256, "a%20", "a%1Fb", "a%C2%85b"])
def test_what_is_no_name(client: Client, repository: Repository, written: str) -> None:
    answer = put(client, written)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"
    assert client.get(f"{R}/{written}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"wait_timer": 0, "prevent_self_review": False, "reviewers": [], "deployment_branch_policy": None},
        {"wait_timer": None, "reviewers": None},
    ],
)
def test_what_asks_for_no_rule(client: Client, repository: Repository, body: Any) -> None:
    assert put(client, "e", body).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"wait_timer": 30}, "no protection rules"),
        ({"prevent_self_review": True}, "no protection rules"),
        ({"reviewers": [{"type": "User", "id": 1}]}, "no protection rules"),
        (
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": False}},
            "no protection rules",
        ),
        ({"wait_timer": "30"}, "wrong type"),
        ({"wait_timer": True}, "wrong type"),
        ({"reviewers": {}}, "wrong type"),
    ],
)
def test_a_rule_is_refused_rather_than_forgotten(
    client: Client, repository: Repository, body: dict[str, Any], words: str
) -> None:
    answer = put(client, "e", body)
    assert answer.status_code == 422
    assert words in answer.json()["message"]
    assert answer.json()["errors"][0]["field"] == next(iter(body))
    assert not Environment.objects.exists()


@pytest.mark.parametrize(
    ("right", "scopes", "codes"),
    [
        (Right.ADMIN, "repo", [200, 200, 200, 204]),
        (Right.ADMIN, "repo:write", [200, 200, 403, 403]),
        (Right.WRITE, "repo", [200, 200, 403, 403]),
        (Right.READ, "repo:read", [200, 200, 403, 403]),
        (Right.NONE, "repo", [404, 404, 404, 404]),
    ],
)
def test_rights(as_: Any, owner: Account, right: Right, scopes: str, codes: list[int]) -> None:
    repository = factories.repository(owner, "hello", private=True)
    environments.get_or_create(repository, "e")
    person = factories.account()
    Collaborator.objects.create(repository=repository, user=person, right=right)
    client = as_(person, scopes)
    found = [client.get(R), client.get(f"{R}/e"), put(client, "e"), client.delete(f"{R}/e")]
    assert [answer.status_code for answer in found] == codes


def test_anybody_reads_those_of_a_public_repository(repository: Repository) -> None:
    environments.get_or_create(repository, "e")
    assert Client().get(f"{R}/e").status_code == 200
    assert put(Client(), "e").status_code == 401


def test_its_secrets_and_variables_go_with_it(client: Client, repository: Repository) -> None:
    factories.vault(repository)
    assert client.delete(f"{R}/production").status_code == 204
    assert not Secret.objects.exclude(environment=None).exists()
    assert not Variable.objects.exclude(environment=None).exists()
    assert (Secret.objects.count(), Variable.objects.count()) == (2, 2)
    found = audit.queries(repository_id=repository.pk).values_list("action", flat=True)
    assert set(found) == {"environment.deleted", "secret.deleted", "variable.deleted"}
