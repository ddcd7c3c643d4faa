"""Environments over the API: rows with a name, and with rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts import audit
from forge.accounts.models import Account, Kind
from forge.environments import environments
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


def test_administrators_pass_by_only_where_it_was_asked_for(client: Client, repository: Repository) -> None:
    assert put(client, "e").json()["can_admins_bypass"] is False
    assert put(client, "e", {"can_admins_bypass": True}).json()["can_admins_bypass"] is True
    assert client.get(f"{R}/e").json()["can_admins_bypass"] is True
    assert put(client, "e").json()["can_admins_bypass"] is False  # what is not said is no rule afterwards


@pytest.mark.parametrize("written", ["%20", "x" * 256, "a%20", "a%1Fb", "a%C2%85b"])
def test_what_is_no_name(client: Client, repository: Repository, written: str) -> None:
    answer = put(client, written)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "name"
    assert client.get(f"{R}/{written}").status_code == 404


CUSTOM = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"wait_timer": 0, "prevent_self_review": False, "reviewers": [], "deployment_branch_policy": None},
        {"wait_timer": None, "reviewers": None},
    ],
)
def test_what_asks_for_no_rule(client: Client, repository: Repository, body: Any) -> None:
    made = put(client, "e", body)
    assert made.status_code == 200
    assert (made.json()["protection_rules"], made.json()["deployment_branch_policy"]) == ([], None)


def test_every_rule(client: Client, repository: Repository, owner: Account) -> None:
    wanted = {"wait_timer": 30, "prevent_self_review": True, "reviewers": [{"type": "User", "id": owner.pk}], **CUSTOM}
    made = put(client, "e", wanted).json()
    official.check(made, ONE, "put")
    assert [one["type"] for one in made["protection_rules"]] == ["wait_timer", "required_reviewers", "branch_policy"]
    timer, review, _ = made["protection_rules"]
    assert timer["wait_timer"] == 30
    assert (review["prevent_self_review"], review["reviewers"][0]["reviewer"]["login"]) == (True, "octo")
    assert made["deployment_branch_policy"] == CUSTOM["deployment_branch_policy"]
    assert client.get(R).json()["environments"] == [made]
    assert client.get(f"{R}/e").json() == made
    assert put(client, "e").json()["protection_rules"] == []  # what is not said again is no rule any more
    found = audit.queries(repository_id=repository.pk, action="environment.updated")
    assert [one.details["reviewers"] for one in found] == [[], ["octo"]]


@pytest.mark.parametrize(
    "body",
    [
        {"wait_timer": "30"},
        {"wait_timer": True},
        {"wait_timer": -1},
        {"wait_timer": 43_201},
        {"prevent_self_review": "yes"},
        {"reviewers": {}},
        {"reviewers": [5]},
        {"reviewers": [{"type": "User"}]},
        {"reviewers": [{"type": "User", "id": 987_654}]},
        {"reviewers": [{"type": "User", "id": 10**30}]},
        {"reviewers": [{"type": "Team", "id": 1}]},
        {"deployment_branch_policy": 5},
        {"deployment_branch_policy": {}},
        {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
        {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": "no"}},
    ],
)
def test_what_is_no_rule(client: Client, repository: Repository, body: dict[str, Any]) -> None:
    put(client, "e", {"wait_timer": 5})
    answer = put(client, "e", body)
    assert answer.status_code == 422
    assert client.get(f"{R}/e").json()["protection_rules"][0]["wait_timer"] == 5


def test_what_is_refused_makes_no_environment(client: Client, repository: Repository) -> None:
    for body in ({"wait_timer": -1}, {"reviewers": [{"type": "User", "id": 987_654}]}):
        assert put(client, "new", body).status_code == 422
        assert client.get(f"{R}/new").status_code == 404


def test_a_reviewer_may_read(client: Client, owner: Account) -> None:
    private, person = factories.repository(owner, "hello", private=True), factories.account()
    wanted = {"reviewers": [{"type": "User", "id": person.pk}]}
    assert put(client, "e", wanted).status_code == 422
    Collaborator.objects.create(repository=private, user=person, right=Right.READ)
    assert put(client, "e", wanted).status_code == 200


def test_branch_policies(client: Client, repository: Repository) -> None:
    put(client, "e")
    path, told = f"{R}/e/deployment-branch-policies", f"{ONE}/deployment-branch-policies"
    json = "application/json"
    assert client.post(path, {"name": "main"}, content_type=json).status_code == 404
    put(client, "e", CUSTOM)
    made = client.post(path, {"name": "release/*"}, content_type=json)
    official.check(made.json(), told, "post")
    assert (made.json()["name"], made.json()["type"]) == ("release/*", "branch")
    one = f"{path}/{made.json()['id']}"
    official.check(client.get(path).json(), told)
    assert client.get(one).json() == made.json() == client.get(path).json()["branch_policies"][0]
    changed = client.put(one, {"name": "main"}, content_type=json)
    official.check(changed.json(), f"{told}/{{branch_policy_id}}", "put")
    assert client.get(one).json()["name"] == "main"
    client.post(path, {"name": "v*", "type": "tag"}, content_type=json)
    for wrong in ({}, {"name": ""}, {"name": "a["}, {"name": "x", "type": "both"}, {"name": "x" * 256}):
        assert client.post(path, wrong, content_type=json).status_code == 422, wrong
    assert client.get(path).json()["total_count"] == 2
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    assert client.get(f"{path}/{'9' * 30}").status_code == 404
    put(client, "e")
    assert client.get(path).json()["total_count"] == 0


def test_protection_rules(client: Client, repository: Repository) -> None:
    put(client, "e")
    path, told = f"{R}/e/deployment_protection_rules", f"{ONE}/deployment_protection_rules"
    program = factories.account("deployer", kind=Kind.BOT)
    apps = client.get(f"{path}/apps").json()
    official.check(apps, f"{told}/apps")
    assert [one["id"] for one in apps["available_custom_deployment_protection_rule_integrations"]] == [program.pk]
    json = "application/json"
    made = client.post(path, {"integration_id": program.pk}, content_type=json)
    assert made.status_code == 201
    official.check(made.json(), told, "post", 201)
    assert client.get(f"{path}/apps").json()["total_count"] == 0
    for wrong in ({}, {"integration_id": program.pk}, {"integration_id": repository.owner_id}, {"integration_id": "x"}):
        assert client.post(path, wrong, content_type=json).status_code == 422
    listed = client.get(path).json()
    official.check(listed, told)
    one = f"{path}/{made.json()['id']}"
    assert client.get(one).json() == made.json() == listed["custom_deployment_protection_rules"][0]
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


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
