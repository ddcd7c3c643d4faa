"""What repositories and organisations allow of workflows: chosen over the API, with an organisation's word first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts import audit
from forge.accounts.models import Account
from forge.repos.models import Repository
from tests import factories
from tests.forge.api import official

ORG, REPO = "/api/v3/orgs/acme/actions/permissions", "/api/v3/repos/acme/hello/actions/permissions"
MINE = "/api/v3/repos/octo/hello/actions/permissions"
OF = {ORG: "/orgs/{org}/actions/permissions", REPO: "/repos/{owner}/{repo}/actions/permissions"}
RETENTION, APPROVAL = "/artifact-and-log-retention", "/fork-pr-contributor-approval"
FORKS, ACTIONS, RUNNERS = "/fork-pr-workflows-private-repos", "/selected-actions", "/self-hosted-runners"


def put(client: Client, path: str, body: object = None) -> int:
    return client.put(path, body or {}, content_type="application/json").status_code


def get(client: Client, path: str, part: str = "") -> Any:
    """The body, held against the official description."""
    answer = client.get(path + part)
    assert answer.status_code == 200, answer.content
    official.check(answer.json(), OF[path] + part)
    return answer.json()


def test_a_repository_is_switched_off_and_on(client: Client, repository: Repository) -> None:
    assert client.get(MINE).json() == {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False}
    assert put(client, MINE, {"enabled": False}) == 204
    assert client.get(MINE).json() == {"enabled": False}
    assert put(client, MINE, {"enabled": True, "allowed_actions": "local_only", "sha_pinning_required": True}) == 204
    assert client.get(MINE).json() == {"enabled": True, "allowed_actions": "local_only", "sha_pinning_required": True}
    for wrong in ({}, {"enabled": "yes"}, {"enabled": True, "allowed_actions": "some"}):
        assert put(client, MINE, wrong) == 422
    found = audit.queries(repository_id=repository.pk, action="actions_policy.updated")
    assert [one.details["enabled"] for one in found] == [True, False]


def test_an_organisation_goes_first(admin: Client, shared: Repository) -> None:
    assert get(admin, ORG)["enabled_repositories"] == "all"
    assert put(admin, ORG, {"enabled_repositories": "none"}) == 204
    assert get(admin, REPO) == {"enabled": False}
    assert put(admin, REPO, {"enabled": True}) == 409
    assert put(admin, REPO, {"enabled": False}) == 204
    assert put(admin, f"{ORG}/repositories", {"selected_repository_ids": []}) == 409
    assert put(admin, ORG, {"enabled_repositories": "selected", "allowed_actions": "local_only"}) == 204
    shown = get(admin, ORG)
    assert shown["selected_repositories_url"].endswith("/orgs/acme/actions/permissions/repositories")
    assert put(admin, f"{ORG}/repositories/{shared.pk}") == 204
    assert put(admin, REPO, {"enabled": True}) == 204
    assert get(admin, REPO)["allowed_actions"] == "local_only"
    assert put(admin, REPO, {"enabled": True, "allowed_actions": "all"}) == 409
    for wrong in ({"enabled_repositories": "some"}, {"allowed_actions": "all"}):
        assert put(admin, ORG, wrong) == 422


@pytest.mark.parametrize(
    ("start", "switch"),
    [(f"{ORG}/repositories", ORG), (f"{ORG}{RUNNERS}/repositories", f"{ORG}{RUNNERS}")],
    ids=["workflows", "runners"],
)
def test_selected_repositories(admin: Client, acme: Account, shared: Repository, start: str, switch: str) -> None:
    foreign = factories.repository()
    assert admin.get(start).status_code == 409
    assert put(admin, switch, {"enabled_repositories": "selected"}) == 204
    shown = admin.get(switch).json()
    assert shown["selected_repositories_url"].endswith(start)
    assert put(admin, start, {"selected_repository_ids": [shared.pk]}) == 204
    listed = admin.get(start).json()
    official.check(listed, start.replace("/api/v3/orgs/acme", "/orgs/{org}"))
    assert [one["id"] for one in listed["repositories"]] == [shared.pk]
    assert put(admin, start, {"selected_repository_ids": [foreign.pk]}) == 422
    assert put(admin, start, {"selected_repository_ids": "x"}) == 422
    assert put(admin, f"{start}/{foreign.pk}") == 404
    assert admin.delete(f"{start}/{shared.pk}").status_code == 204
    assert admin.get(start).json()["total_count"] == 0
    assert put(admin, f"{start}/{shared.pk}") == 204
    assert admin.get(start).json()["total_count"] == 1


def test_selected_actions(admin: Client, shared: Repository) -> None:
    chosen = {
        "github_owned_allowed": False,
        "verified_allowed": True,
        "patterns_allowed": ["docker/*", "!docker/bad@*"],
    }
    for path, switch in ((ORG, {"enabled_repositories": "all"}), (REPO, {"enabled": True})):
        assert admin.get(path + ACTIONS).status_code == 409
        assert put(admin, path + ACTIONS, chosen) == 409
        assert put(admin, path, {**switch, "allowed_actions": "selected"}) == 204
        assert get(admin, path)["selected_actions_url"].endswith(path + ACTIONS)
        assert put(admin, path + ACTIONS, chosen) == 204
        assert get(admin, path, ACTIONS) == chosen
        for wrong in ("docker/*", [5], ["a b"], ["x" * 300]):
            assert put(admin, path + ACTIONS, {"patterns_allowed": wrong}) == 422
        if path == ORG:  # as long as it restricts, nothing is left to choose
            assert get(admin, REPO, ACTIONS) == chosen
            assert put(admin, REPO + ACTIONS, {}) == 409
            assert put(admin, ORG, {"enabled_repositories": "all", "allowed_actions": "all"}) == 204


def test_retention(admin: Client, shared: Repository) -> None:
    assert get(admin, ORG, RETENTION) == {"days": 90, "maximum_allowed_days": 400}
    assert get(admin, REPO, RETENTION) == {"days": 90, "maximum_allowed_days": 400}
    assert put(admin, ORG + RETENTION, {"days": 30}) == 204
    assert get(admin, REPO, RETENTION) == {"days": 30, "maximum_allowed_days": 30}
    assert put(admin, REPO + RETENTION, {"days": 31}) == 422
    assert put(admin, REPO + RETENTION, {"days": 7}) == 204
    assert get(admin, REPO, RETENTION) == {"days": 7, "maximum_allowed_days": 30}
    for wrong in ({}, {"days": 0}, {"days": 401}, {"days": "7"}, {"days": True}, {"days": 10**40}):
        assert put(admin, ORG + RETENTION, wrong) == 422


def test_approval_of_forks(admin: Client, shared: Repository) -> None:
    assert get(admin, REPO, APPROVAL) == {"approval_policy": "first_time_contributors"}
    assert put(admin, ORG + APPROVAL, {"approval_policy": "all_external_contributors"}) == 204
    assert get(admin, REPO, APPROVAL) == get(admin, ORG, APPROVAL)
    assert put(admin, REPO + APPROVAL, {"approval_policy": "first_time_contributors"}) == 409
    for wrong in ({}, {"approval_policy": "nobody"}):
        assert put(admin, ORG + APPROVAL, wrong) == 422


def test_switches_of_forks(admin: Client, acme: Account, shared: Repository) -> None:
    first, write, _, approval = names = (
        "run_workflows_from_fork_pull_requests",
        "send_write_tokens_to_workflows",
        "send_secrets_and_variables",
        "require_approval_for_fork_pr_workflows",
    )
    Repository.objects.filter(pk=shared.pk).update(private=True)
    assert get(admin, REPO, FORKS) == dict.fromkeys(names, False)
    assert put(admin, REPO + FORKS, {first: True, write: True}) == 204
    assert get(admin, REPO, FORKS) == {**dict.fromkeys(names, False), first: True, write: True}
    assert put(admin, ORG + FORKS, {first: True, approval: True}) == 204
    assert get(admin, REPO, FORKS) == {**dict.fromkeys(names, False), first: True, approval: True}
    assert put(admin, REPO + FORKS, {first: True, write: True}) == 409
    assert put(admin, REPO + FORKS, {first: True, approval: False}) == 409
    for wrong in ({}, {first: "yes"}):
        assert put(admin, ORG + FORKS, wrong) == 422


def test_subjects(admin: Client, shared: Repository) -> None:
    org, repo = (f"/api/v3/{start}/actions/oidc/customization/sub" for start in ("orgs/acme", "repos/acme/hello"))
    assert admin.get(org).status_code == 404
    assert admin.get(repo).json() == {"use_default": True}
    keys = {"include_claim_keys": ["repo", "context"]}
    assert put(admin, org, keys) == 201
    assert admin.get(org).json() == keys
    assert put(admin, repo, {"use_default": False, **keys}) == 201
    assert admin.get(repo).json() == {"use_default": False, **keys}
    assert put(admin, repo, {"use_default": True}) == 201
    assert admin.get(repo).json() == {"use_default": True}
    for wrong in ({}, {"use_default": False}, {"use_default": False, "include_claim_keys": ["a:b"]}):
        assert put(admin, repo, wrong) == 422
    assert put(admin, org, {"include_claim_keys": []}) == 422


def test_no_runners_of_its_own(admin: Client, shared: Repository) -> None:
    token = "/api/v3/repos/acme/hello/actions/runners/registration-token"
    assert admin.post(token).status_code == 201
    assert put(admin, ORG + RUNNERS, {"enabled_repositories": "selected"}) == 204
    assert admin.post(token).status_code == 403
    assert put(admin, f"{ORG}{RUNNERS}/repositories/{shared.pk}") == 204
    assert admin.post(token).status_code == 201
    assert put(admin, ORG + RUNNERS, {"enabled_repositories": "none"}) == 204
    assert admin.post(token).status_code == 403
    assert admin.post(token.replace("repos/acme/hello", "orgs/acme")).status_code == 201
