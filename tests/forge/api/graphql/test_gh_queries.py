"""What gh sends, each kind of query once as it asks it, and what it is answered."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from forge.accounts import users
from forge.accounts.models import Account
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api.graphql.conftest import Asked, as_

PARTS = "id name owner{login} viewerPermission defaultBranchRef{name} isPrivate"
NETWORK = """
    fragment repo on Repository { PARTS }
    query RepositoryNetwork {
        viewer { login }
        repo_000: repository(owner: "alice", name: "hello") { ...repo parent { ...repo } }
        repo_001: repository(owner: "Bob", name: "secret") { ...repo parent { ...repo } }
    }
""".replace("PARTS", PARTS)
INFO = """
    fragment repo on Repository {
        id name owner { login } hasIssuesEnabled description hasWikiEnabled viewerPermission
        defaultBranchRef { name }
    }
    query RepositoryInfo($owner: String!, $name: String!) {
        repository(owner: $owner, name: $name) {
            ...repo parent { ...repo } mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed
        }
    }
"""
LIST = """
    query RepositoryList(
        $perPage: Int!, $endCursor: String, $privacy: RepositoryPrivacy, $fork: Boolean, $owner: String!
    ) {
        repositoryOwner(login: $owner) {
            login
            repositories(first: $perPage, after: $endCursor, privacy: $privacy, isFork: $fork,
                         ownerAffiliations: OWNER, orderBy: { field: PUSHED_AT, direction: DESC }) {
                nodes {
                    nameWithOwner description isPrivate isFork isArchived
                    createdAt pushedAt viewerPermission owner{login}
                }
                totalCount pageInfo { hasNextPage endCursor }
            }
        }
    }
"""
#: Everything that `gh repo view --json` and `gh repo list --json` can name, as gh writes it.
EVERY_FIELD = """
    id name nameWithOwner owner{id,login} parent{id,name,owner{id,login}} templateRepository{id,name,owner{id,login}}
    description homepageUrl openGraphImageUrl usesCustomOpenGraphImage url sshUrl mirrorUrl securityPolicyUrl createdAt
    pushedAt updatedAt archivedAt isBlankIssuesEnabled isSecurityPolicyEnabled hasIssuesEnabled hasProjectsEnabled
    hasWikiEnabled hasDiscussionsEnabled mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed forkCount
    stargazerCount watchers{totalCount} issues(states:OPEN){totalCount} pullRequests(states:OPEN){totalCount}
    codeOfConduct{key,name,url} contactLinks{about,name,url} defaultBranchRef{name} deleteBranchOnMerge diskUsage
    fundingLinks{platform,url} isArchived isEmpty isFork isInOrganization isMirror isPrivate isTemplate
    isUserConfigurationRepository licenseInfo{key,name,nickname} viewerCanAdminister viewerDefaultCommitEmail
    viewerDefaultMergeMethod viewerHasStarred viewerPermission viewerPossibleCommitEmails viewerSubscription visibility
    repositoryTopics(first:100){nodes{topic{name}}} primaryLanguage{name} languages(first:100){edges{size,node{name}}}
    issueTemplates{name,title,body,about} pullRequestTemplates{body,filename}
    labels(first:100){nodes{id,color,name,description}}
    milestones(first:100,states:OPEN){nodes{number,title,description,dueOn}}
    latestRelease{publishedAt,tagName,name,url} assignableUsers(first:100){nodes{id,login,name}}
    mentionableUsers(first:100){nodes{id,login,name}}
    projects(first:100,states:OPEN){nodes{id,name,number,body,resourcePath}}
"""


@pytest.fixture
def hello(alice: Account) -> Repository:
    made = factories.repository(alice, "Hello", description="Says it", private=True)
    factories.push(made, {"README.md": "hello"}, "refs/heads/main")
    return made


def test_who_is_asking(asked: Asked) -> None:
    assert asked.data("query UserCurrent{viewer{login}}") == {"viewer": {"login": "Alice"}}
    assert asked.answer is not None
    assert asked.answer["X-OAuth-Scopes"] == "read:org, repo, workflow"
    assert (asked.answer["X-RateLimit-Resource"], asked.answer["X-RateLimit-Used"]) == ("graphql", "1")
    assert asked.answer["X-GitHub-Request-Id"]


def test_the_remotes_of_a_clone(asked: Asked, hello: Repository) -> None:
    factories.repository(factories.account("bob"), "secret", private=True)

    found = asked(NETWORK)

    assert found["data"] == {
        "viewer": {"login": "Alice"},
        "repo_000": {
            "id": found["data"]["repo_000"]["id"],
            "name": "Hello",
            "owner": {"login": "Alice"},
            "viewerPermission": "ADMIN",
            "defaultBranchRef": {"name": "main"},
            "isPrivate": True,
            "parent": None,
        },
        "repo_001": None,
    }
    [error] = found["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["repo_001"])
    assert error["message"] == "Could not resolve to a Repository with the name 'Bob/secret'."


def test_one_repository_in_two_forms(asked: Asked, hello: Repository) -> None:
    shown = asked.data(INFO, owner="ALICE", name="hello")["repository"]
    assert (shown["description"], shown["defaultBranchRef"], shown["parent"]) == ("Says it", {"name": "main"}, None)
    assert (shown["hasIssuesEnabled"], shown["mergeCommitAllowed"]) == (False, False)

    everything = asked.data(
        "query RepositoryInfo($owner: String!, $name: String!) {repository(owner: $owner, name: $name) {"
        + EVERY_FIELD
        + "}}",
        owner="alice",
        name="hello",
    )["repository"]
    assert (everything["url"], everything["nameWithOwner"]) == ("http://127.0.0.1:8000/Alice/Hello", "Alice/Hello")
    assert (everything["visibility"], everything["isEmpty"], everything["viewerCanAdminister"]) == (
        "PRIVATE",
        False,
        True,
    )
    assert (everything["labels"], everything["languages"], everything["issues"]) == (
        {"nodes": []},
        {"edges": []},
        {"totalCount": 0},
    )
    assert everything["createdAt"] == everything["pushedAt"]  # no push was counted


def test_ids_of_repositories(
    asked: Asked, hello: Repository, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [factories.repository(hello.owner, f"r{number}") for number in range(100)]
    asked("{viewer{login}}")  # the token's time of use is written now
    text = "".join(
        f'repo_{number:03}: repository(owner: "alice", name: "r{number}") {{ databaseId }}' for number in range(100)
    )

    with django_assert_num_queries(4):  # token, repositories, and the two of the rights
        found = asked.data(f"query MapRepositoryNames {{ {text} }}")

    assert [found[f"repo_{number:03}"]["databaseId"] for number in range(100)] == [row.pk for row in rows]


def test_the_pull_request_of_a_run(asked: Asked, hello: Repository) -> None:
    query = """
        query PullRequestForRun($owner: String!, $repo: String!, $headRefName: String!) {
            repository(owner: $owner, name: $repo) {
                pullRequests(headRefName: $headRefName, first: 1, orderBy: { field: CREATED_AT, direction: DESC }) {
                    nodes { number headRepository { owner { login } name } }
                }
            }
        }
    """
    found = asked.data(query, owner="alice", repo="hello", headRefName="main")
    assert found == {"repository": {"pullRequests": {"nodes": []}}}


def test_what_the_type_has(asked: Asked) -> None:
    found = asked.data(
        'query Repository_fields{Repository: __type(name: "Repository"){fields(includeDeprecated: true){name}}}'
    )
    names = {one["name"] for one in found["Repository"]["fields"]}
    assert {"visibility", "nameWithOwner", "viewerPermission", "pullRequestTemplates", "autoMergeAllowed"} <= names


def test_repositories_page_by_page(asked: Asked, alice: Account) -> None:
    for number in range(5):
        made = factories.repository(alice, f"r{number}", private=number % 2 == 1)
        Repository.objects.filter(pk=made.pk).update(pushed_at=factories.START if number < 3 else None)
    names: list[str] = []
    cursor = None
    while True:
        found = asked.data(LIST, perPage=2, endCursor=cursor, owner="alice")["repositoryOwner"]
        names += [one["nameWithOwner"] for one in found["repositories"]["nodes"]]
        assert (found["login"], found["repositories"]["totalCount"]) == ("Alice", 5)
        if not found["repositories"]["pageInfo"]["hasNextPage"]:
            break
        cursor = found["repositories"]["pageInfo"]["endCursor"]

    # Those without a push were made after the others were pushed to.
    assert names == ["Alice/r4", "Alice/r3", "Alice/r2", "Alice/r1", "Alice/r0"]
    private = asked.data(LIST, perPage=30, privacy="PRIVATE", owner="alice")["repositoryOwner"]["repositories"]
    assert [one["nameWithOwner"] for one in private["nodes"]] == ["Alice/r3", "Alice/r1"]
    forks = asked.data(LIST, perPage=30, fork=True, owner="alice")["repositoryOwner"]["repositories"]
    assert (forks["nodes"], forks["totalCount"]) == ([], 0)
    assert asked.data(LIST, perPage=30, owner="nobody")["repositoryOwner"] is None


def test_a_list_costs_the_same_for_one_and_for_many(
    alice: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    acme = users.create_organization("acme", alice)
    bob = factories.account("bob")
    asked = as_(bob, "repo", "read:org")
    wanted = LIST.replace("isArchived", "isArchived " + EVERY_FIELD.replace("isArchived", ""))
    for number in range(30):
        made = factories.repository(acme, f"r{number}", private=number % 2 == 0)
        Collaborator.objects.create(repository=made, user=bob, right=Right.WRITE)
    asked("{viewer{login}}")

    for size in (1, 30):
        with django_assert_num_queries(6):  # token, owner, rows, count, and the two of the rights
            found = asked.data(wanted, perPage=size, owner="acme")["repositoryOwner"]["repositories"]
        assert [one["viewerPermission"] for one in found["nodes"]] == ["WRITE"] * size


def test_a_new_repository(asked: Asked, alice: Account) -> None:
    users.create_organization("acme", alice)
    query = """
        mutation RepositoryCreate($input: CreateRepositoryInput!) {
            createRepository(input: $input) { repository { id name owner { login } url } }
        }
    """

    def create(**given: Any) -> Any:
        values = {"name": "tool", "visibility": "PRIVATE", "hasIssuesEnabled": True, "hasWikiEnabled": True, **given}
        return asked(query, input=values)

    made = create(description="For work")["data"]["createRepository"]["repository"]
    assert (made["owner"], made["url"]) == ({"login": "Alice"}, "http://127.0.0.1:8000/Alice/tool")
    row = Repository.objects.get()
    assert (row.private, row.description) == (True, "For work")
    organization = asked.data('{organization(login: "ACME") {id viewerCanAdminister viewerIsAMember}}')["organization"]
    assert organization["viewerCanAdminister"]
    assert organization["viewerIsAMember"]
    assert create(ownerId=organization["id"], visibility="PUBLIC")["data"]["createRepository"]["repository"][
        "owner"
    ] == {"login": "acme"}

    [taken] = create(name="Tool")["errors"]
    assert (taken["type"], taken["message"]) == (
        "UNPROCESSABLE",
        "Repository creation failed. name already exists on this account",
    )
    for wrong, kind in (
        ({"ownerId": "x"}, "NOT_FOUND"),
        ({"ownerId": "VXNlcjo5OTk5"}, "NOT_FOUND"),
        ({"template": True}, "UNPROCESSABLE"),
    ):
        found = create(name="other", **wrong)
        assert (found["data"], found["errors"][0]["type"]) == ({"createRepository": None}, kind)
    assert Repository.objects.count() == 2


def test_organizations_of_a_person(asked: Asked, alice: Account) -> None:
    for login in ("zeta", "acme", "mid"):
        users.create_organization(login, alice)
    query = """
        query OrganizationList($user: String!, $limit: Int!, $endCursor: String) {
            user(login: $user) { login organizations(first: $limit, after: $endCursor) {
                totalCount nodes { login viewerCanAdminister } pageInfo { hasNextPage endCursor }
            } }
        }
    """
    first = asked.data(query, user="alice", limit=2)["user"]["organizations"]
    rest = asked.data(query, user="alice", limit=2, endCursor=first["pageInfo"]["endCursor"])["user"]["organizations"]

    assert [one["login"] for one in (*first["nodes"], *rest["nodes"])] == ["acme", "mid", "zeta"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (3, True, False)
    bob = as_(factories.account("bob"), "repo", "read:org")
    assert bob.data(query, user="alice", limit=2)["user"]["organizations"]["totalCount"] == 0


def test_a_search(asked: Asked, alice: Account) -> None:
    for name, private in (("tool-a", False), ("tool-b", True), ("other", False)):
        factories.repository(alice, name, private=private, description=f"About {name}")
    factories.repository(factories.account("bob"), "tool-c")
    factories.repository(factories.account("eve"), "tool-d", private=True)
    query = """
        query RepositoryListSearch($query:String!,$perPage:Int!,$endCursor:String) {
            search(type: REPOSITORY, query: $query, first: $perPage, after: $endCursor) {
                repositoryCount nodes{...on Repository{name}} pageInfo{hasNextPage,endCursor}
            }
        }
    """

    def names(text: str) -> list[str]:
        found = asked.data(query, query=text, perPage=10)["search"]
        assert found["repositoryCount"] == len(found["nodes"])
        return [one["name"] for one in found["nodes"]]

    assert names("sort:name-asc archived:false fork:true user:@me") == ["other", "tool-a", "tool-b"]
    assert names("sort:name-asc user:alice user:bob tool") == ["tool-a", "tool-b", "tool-c"]
    assert names("sort:updated-desc is:private about") == ["tool-b"]
    assert names("archived:true user:@me") == names("language:go user:@me") == names("-user:alice") == []
    assert names("sort:name-asc") == ["other", "tool-a", "tool-b", "tool-c"]
