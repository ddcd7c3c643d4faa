"""Users and repositories over the API: who may, what they get, in which shape."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from forge.accounts.models import Kind, Membership
from forge.repos import git
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api.conftest import Api, Check

pytestmark = pytest.mark.django_db


def test_users_have_the_official_shapes(alice: Api, conforms: Check) -> None:
    factories.account("Bob")
    oneself = alice("GET", "/user").json()
    other = alice("GET", "/users/bOB").json()

    conforms("private-user", oneself)
    conforms("public-user", other)
    assert (oneself["user_view_type"], oneself["email"]) == ("private", "alice@example.org")
    assert (other["user_view_type"], other["email"], other["login"]) == ("public", None, "Bob")


def test_a_repository_is_made_shown_changed_and_deleted(alice: Api, conforms: Check) -> None:
    made = alice("POST", "/user/repos", {"name": "Hello", "description": "d", "private": True})
    shown = alice("GET", "/repos/aLICE/hELLO")
    by_id = alice("GET", f"/repositories/{made.json()['id']}")
    changed = alice("PATCH", "/repos/alice/hello", {"name": "World", "visibility": "public", "description": None})
    deleted = alice("DELETE", "/repos/alice/world")

    assert [one.status_code for one in (made, shown, by_id, changed, deleted)] == [201, 200, 200, 200, 204]
    for one in (made, shown, by_id, changed):
        conforms("full-repository", one.json())
    assert made["Location"] == made.json()["url"] == "http://127.0.0.1:8000/api/v3/repos/Alice/Hello"
    assert shown.json() == by_id.json()
    assert shown.json()["permissions"]["admin"]
    assert shown.json()["clone_url"] == "http://127.0.0.1:8000/Alice/Hello.git"
    assert (changed.json()["private"], changed.json()["description"]) == (False, None)
    assert alice("GET", "/repos/alice/world").status_code == 404
    assert alice("DELETE", "/repos/alice/world").status_code == 404


def test_a_taken_name_is_422_with_githubs_words(alice: Api) -> None:
    alice("POST", "/user/repos", {"name": "Hello"})

    answer = alice("POST", "/user/repos", {"name": "hello"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"resource": "Repository", "code": "custom", "field": "name", "message": "name already exists on this account"}
    ]


def test_organizations_own_repositories(alice: Api, conforms: Check) -> None:
    organization = factories.account("Acme", kind=Kind.ORGANIZATION)
    Membership.objects.create(organization=organization, user=alice.account, role="owner")
    stranger = Api(factories.account())

    made = alice("POST", "/orgs/acme/repos", {"name": "tool", "private": True})

    assert made.status_code == 201
    conforms("full-repository", made.json())
    assert made.json()["organization"]["login"] == "Acme"
    assert [one["name"] for one in alice("GET", "/orgs/ACME/repos").json()] == ["tool"]
    assert stranger("GET", "/orgs/acme/repos").json() == []
    assert stranger("POST", "/orgs/acme/repos", {"name": "x"}).status_code == 403
    assert alice("GET", "/orgs/alice/repos").status_code == 404


def test_lists_hold_minimal_repositories(alice: Api, conforms: Check) -> None:
    factories.repository(alice.account, "b")
    factories.repository(alice.account, "a", private=True)
    factories.repository(name="someone-elses")

    rows = alice("GET", "/user/repos").json()

    assert [row["name"] for row in rows] == ["a", "b"]
    for row in rows:
        conforms("minimal-repository", row)
    assert [row["name"] for row in alice("GET", "/user/repos?direction=desc&sort=full_name").json()] == ["b", "a"]
    assert [row["name"] for row in alice("GET", "/user/repos?visibility=private").json()] == ["a"]
    assert [row["name"] for row in Api()("GET", "/users/alice/repos").json()] == ["b"]


@pytest.mark.parametrize(
    ("who", "get", "patch", "delete"),
    [
        ("anonymous", 404, 404, 404),
        ("stranger", 404, 404, 404),
        ("reader", 200, 403, 403),
        ("writer", 200, 403, 403),
        ("admin", 200, 200, 204),
    ],
)
def test_a_private_repository_is_for_those_who_may(who: str, get: int, patch: int, delete: int) -> None:
    repository = factories.repository(private=True)
    rights = {"reader": Right.READ, "writer": Right.WRITE, "admin": Right.ADMIN}
    account = None if who == "anonymous" else factories.account(who)
    if who in rights:
        Collaborator.objects.create(repository=repository, user=account, right=rights[who])
    asker = Api(account)
    path = f"/repos/{repository.full_name}"

    assert asker("GET", path).status_code == get
    assert asker("PATCH", path, {"description": "x"}).status_code == patch
    assert asker("DELETE", path).status_code == delete


def test_a_lacking_scope_is_named(alice: Api) -> None:
    repository = factories.repository(alice.account, private=True)
    asker = Api(alice.account, "repo:read")

    answer = asker("DELETE", f"/repos/{repository.full_name}")

    assert (answer.status_code, answer["X-Accepted-OAuth-Scopes"]) == (403, "repo")
    assert answer["X-OAuth-Scopes"] == "repo:read"


@pytest.fixture
def filled(alice: Api, tmp_path: Path) -> Repository:
    """A repository with two branches and a few files, made by git itself."""
    alice("POST", "/user/repos", {"name": "hello"})
    repository = Repository.objects.get(name="hello")
    work = tmp_path / "work"
    (work / "sub folder").mkdir(parents=True)
    (work / "sub folder" / "ä.txt").write_text("inside")
    (work / "README.md").write_bytes(b"hello\n\xff")

    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=Ann", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(work), *identity, *arguments], check=True, capture_output=True)

    run("init", "-b", "main")
    run("add", ".")
    run("commit", "-m", "First\n\nbody")
    run("branch", "topic/a")
    run("tag", "v1")
    run("push", str(git.path(repository)), "main", "topic/a", "v1")
    return repository


def test_contents_are_files_and_folders(alice: Api, filled: Repository, conforms: Check) -> None:
    file = alice("GET", "/repos/alice/hello/contents/README.md").json()
    folder = alice("GET", "/repos/alice/hello/contents/?ref=topic/a").json()
    inner = alice("GET", "/repos/alice/hello/contents/sub%20folder/%C3%A4.txt?ref=v1").json()

    conforms("content-file", file)
    conforms("content-directory", folder)
    assert base64.b64decode(file["content"]) == b"hello\n\xff"
    assert [(one["name"], one["type"]) for one in folder] == [("README.md", "file"), ("sub folder", "dir")]
    assert base64.b64decode(inner["content"]) == b"inside"
    assert alice("GET", "/repos/alice/hello/contents/none").status_code == 404
    assert alice("GET", "/repos/alice/hello/contents/README.md?ref=none").status_code == 404
    assert alice("GET", "/repos/alice/hello/contents/../../etc/passwd").status_code == 404


def test_branches_and_commits_are_shown(alice: Api, filled: Repository) -> None:
    sha = git.branches(filled)["main"]

    rows = alice("GET", "/repos/alice/hello/branches?per_page=1&page=2")
    branch = alice("GET", "/repos/alice/hello/branches/topic/a").json()
    commits = alice("GET", "/repos/alice/hello/commits").json()

    assert [(row["name"], row["commit"]["sha"]) for row in rows.json()] == [("topic/a", sha)]
    assert 'rel="prev"' in rows["Link"]
    assert (branch["name"], branch["commit"]["sha"]) == ("topic/a", sha)
    assert [one["sha"] for one in commits] == [sha]
    for name in ("main", "topic/a", "v1", sha, sha[:8]):
        found = alice("GET", f"/repos/{filled.full_name}/commits/{name}").json()
        assert (found["sha"], found["commit"]["message"]) == (sha, "First\n\nbody")
    assert alice("GET", "/repos/alice/hello/commits/none").status_code == 404
    assert alice("GET", "/repos/alice/hello/branches/none").status_code == 404


def test_the_default_branch_must_exist(alice: Api, filled: Repository) -> None:
    assert alice("PATCH", "/repos/alice/hello", {"default_branch": "none"}).status_code == 422
    assert alice("PATCH", "/repos/alice/hello", {"default_branch": "topic/a"}).json()["default_branch"] == "topic/a"
    assert git.head(filled) == "topic/a"
