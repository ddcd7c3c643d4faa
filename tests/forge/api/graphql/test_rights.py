"""GraphQL opens what REST opens, to nobody more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from forge.accounts import users
from forge.accounts.models import Account, Membership
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.engine import FakeRunner, Project
from tests.forge.api.graphql.conftest import Asked, as_

ONE = "query($owner: String!, $name: String!) {repository(owner: $owner, name: $name) {databaseId viewerPermission}}"
ALL = "{viewer{repositories(first: 100, ownerAffiliations: [OWNER, COLLABORATOR, ORGANIZATION_MEMBER]) {nodes{name}}}}"


def rest(asked: Asked, repository: Repository) -> str | None:
    """What REST says that may be done, in GraphQL's words."""
    answer = asked.client.get(f"/api/v3/repos/{repository.full_name}")
    if answer.status_code == 404:
        return None
    may = answer.json()["permissions"]
    return "ADMIN" if may["admin"] else "WRITE" if may["push"] else "READ"


def graphql(asked: Asked, repository: Repository) -> str | None:
    """What GraphQL says."""
    found = asked(ONE, owner=repository.owner.login, name=repository.name)
    if found["data"]["repository"] is None:
        assert [one["type"] for one in found["errors"]] == ["NOT_FOUND"]
        return None
    shown: str = found["data"]["repository"]["viewerPermission"]
    return shown


def test_every_kind_of_person_and_token_sees_what_rest_shows(alice: Account) -> None:
    acme = users.create_organization("acme", alice)
    repositories = [
        factories.repository(owner, f"{'private' if private else 'public'}-{owner.login}", private=private)
        for owner in (alice, acme)
        for private in (True, False)
    ]
    member, stranger, boss = (factories.account(name) for name in ("member", "stranger", "boss"))
    Membership.objects.create(organization=acme, user=member)
    writers = {right: factories.account(f"with-{right.label}") for right in (Right.READ, Right.WRITE, Right.ADMIN)}
    for right, account in writers.items():
        for one in repositories:
            Collaborator.objects.create(repository=one, user=account, right=right)
    Account.objects.filter(pk=boss.pk).update(is_site_admin=True)
    seen = set()
    for account in (alice, member, stranger, boss, *writers.values()):
        for scopes in (("repo",), ("repo:read",), ("public_repo",), ("read:org",)):
            for bound in (None, repositories[0].pk) if scopes == ("repo",) else (None,):
                asked = as_(account, *scopes, repository_id=bound)
                for one in repositories:
                    assert graphql(asked, one) == rest(asked, one), (account, scopes, bound, one)
                    seen.add(rest(asked, one))
    assert seen == {None, "READ", "WRITE", "ADMIN"}


def test_lists_hold_what_one_may_read(alice: Account) -> None:
    acme = users.create_organization("acme", alice)
    for owner, name in ((alice, "own"), (acme, "ours")):
        factories.repository(owner, name, private=True)
        factories.repository(owner, f"{name}-public")
    shared = factories.repository(factories.account("bob"), "shared", private=True)
    Collaborator.objects.create(repository=shared, user=alice, right=Right.READ)

    def names(*scopes: str, **options: Any) -> set[str]:
        nodes = as_(alice, *scopes, **options).data(ALL)["viewer"]["repositories"]["nodes"]
        return {one["name"] for one in nodes}

    assert names("repo") == {"own", "own-public", "ours", "ours-public", "shared"}
    assert names("read:org") == {"own-public", "ours-public"}
    assert names("repo", repository_id=shared.pk) == {"own-public", "ours-public", "shared"}
    stranger = as_(factories.account("stranger"))
    query = '{repositoryOwner(login: "acme") {repositories(first: 9) {totalCount nodes{name}}}}'
    assert stranger.data(query)["repositoryOwner"]["repositories"] == {
        "totalCount": 1,
        "nodes": [{"name": "ours-public"}],
    }


def test_a_cursor_tells_nothing_of_what_one_may_not_see(alice: Account) -> None:
    query = """
        query($after: String) {repositoryOwner(login: "alice") {
            repositories(first: 9, after: $after, orderBy: {field: NAME, direction: ASC}) {edges{cursor node{name}}}
        }}
    """
    for name, private in (("a", False), ("m", True), ("z", False)):
        factories.repository(alice, name, private=private)
    edges = as_(alice).data(query)["repositoryOwner"]["repositories"]["edges"]
    hidden = next(one["cursor"] for one in edges if one["node"]["name"] == "m")
    stranger = as_(factories.account())

    assert [kind for kind, _ in stranger.refused(query, after=hidden)] == ["INVALID_CURSOR_ARGUMENTS"]
    assert len(as_(alice).data(query, after=hidden)["repositoryOwner"]["repositories"]["edges"]) == 1


def test_without_a_credential_and_with_a_wrong_one(db: None) -> None:
    query = {"query": "{viewer{login}}"}
    for asked, message in ((Asked(), "Requires authentication"), (Asked("shp_wrong"), "Bad credentials")):
        answer = asked.post(query)
        assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_what_a_scope_covers(alice: Account) -> None:
    made = factories.repository(alice)
    emails = "query($owner: String!, $name: String!) {repository(owner: $owner, name: $name) {%s}}"
    emails %= "viewerPossibleCommitEmails viewerDefaultCommitEmail"
    for scopes, shown in ((("repo", "user:email"), ["alice@example.org"]), (("repo",), [])):
        found = as_(alice, *scopes).data(emails, owner="alice", name=made.name)["repository"]
        assert found["viewerPossibleCommitEmails"] == shown
        assert found["viewerDefaultCommitEmail"] == next(iter(shown), None)
    plain = as_(alice, "repo")
    assert plain.refused("{viewer{organizations(first: 1) {totalCount}}}")[0][0] == "INSUFFICIENT_SCOPES"
    other = as_(factories.account("bob"), "user")
    assert other.data('{user(login: "alice") {email isViewer}}') == {"user": {"email": "", "isViewer": False}}
    Account.objects.filter(pk=alice.pk).update(public_email="hello@example.org")
    assert other.data('{user(login: "alice") {email}}') == {"user": {"email": "hello@example.org"}}
    Repository.objects.all().delete()
    made = 'mutation {createRepository(input: {name: "x", visibility: PRIVATE}) {clientMutationId}}'
    assert as_(alice, "public_repo").refused(made)[0][0] == "INSUFFICIENT_SCOPES"
    assert not Repository.objects.exists()


def test_a_session_needs_its_csrf_token() -> None:
    users.create_user("carol", "a-long-enough-password")
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="carol", password="a-long-enough-password")
    body = json.dumps({"query": "{viewer{login}}"})

    answer = client.post("/api/graphql", body, content_type="application/json")

    assert (answer.status_code, "CSRF" in answer.json()["message"]) == (403, True)


test_a_session_needs_its_csrf_token = pytest.mark.django_db(test_a_session_needs_its_csrf_token)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("permissions", ["{}", "{pull-requests: read}", "write-all"])
def test_the_token_of_a_job(permissions: str, tmp_path: Path) -> None:
    project = Project.new(private=True)
    label = f"l{project.repository.pk}"
    project.run(f"on: push\npermissions: {permissions}\njobs: {{a: {{runs-on: {label}, steps: [{{run: 'true'}}]}}}}\n")
    asked = Asked(FakeRunner.new(label).take().assignment.github_token)
    own = {"owner": project.account.login, "name": project.repository.name}
    other = factories.repository(private=True)
    public = factories.repository()

    assert asked.data("{viewer{login}}") == {"viewer": {"login": "github-actions[bot]"}}
    assert asked.data(ONE, **own)["repository"]["viewerPermission"] == (
        "WRITE" if permissions == "write-all" else "READ"
    )
    assert asked.refused(ONE, owner=other.owner.login, name=other.name)[0][0] == "NOT_FOUND"
    assert asked.data(ONE, owner=public.owner.login, name=public.name)["repository"]["viewerPermission"] == "READ"
    pulls = ONE.replace("databaseId viewerPermission", "pullRequests(first: 1) {totalCount}")
    if permissions == "{}":
        assert asked.refused(pulls, **own) == [("FORBIDDEN", "Resource not accessible by integration")]
    else:
        assert asked.data(pulls, **own)["repository"]["pullRequests"] == {"totalCount": 0}
    made = 'mutation {createRepository(input: {name: "x", visibility: PUBLIC}) {clientMutationId}}'
    assert asked.refused(made)[0][0] == "FORBIDDEN"
