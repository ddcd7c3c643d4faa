"""Files over the API: read, written, deleted; what is written is pushed, and starts runs."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pygit2
import pytest
from django.test import Client

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions import trigger
from forge.actions.models import Event, Run
from forge.repos import git, repositories
from forge.repos.models import Push, Repository
from tests import factories
from tests.forge.api import official
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db

API = "/api/v3/repos/octo/hello"
CONTENTS = "/repos/{owner}/{repo}/contents/{path}"
WORKFLOW = "on: push\njobs: {a: {runs-on: x, steps: [{run: 'true'}]}}\n"


@pytest.fixture
def repository(owner: Account) -> Repository:
    """An empty one."""
    made = repositories.create(Actor.for_session(owner), "octo", "hello")
    return Repository.objects.select_related("owner").get(pk=made.pk)


def put(client: Client, path: str, text: str = "x", **more: Any) -> Any:
    body = {"message": "Write", "content": base64.b64encode(text.encode()).decode(), **more}
    return client.put(f"{API}/contents/{path}", body, content_type="application/json")


def remove(client: Client, path: str, **more: Any) -> Any:
    return client.delete(f"{API}/contents/{path}", {"message": "Delete", **more}, content_type="application/json")


def test_a_file_is_made_changed_and_deleted(client: Client, repository: Repository) -> None:
    made = put(client, "a/b/c.txt", "one")
    shown = client.get(f"{API}/contents/a/b/c.txt").json()
    changed = put(client, "a/b/c.txt", "two", sha=made.json()["content"]["sha"])
    deleted = remove(client, "a/b/c.txt", sha=changed.json()["content"]["sha"])

    assert [one.status_code for one in (made, changed, deleted)] == [201, 200, 200]
    official.check(made.json(), CONTENTS, "put", 201)
    official.check(changed.json(), CONTENTS, "put", 200)
    official.check(deleted.json(), CONTENTS, "delete", 200)
    assert base64.b64decode(shown["content"]) == b"one"
    assert deleted.json()["content"] is None
    tip = git.resolve(repository, "main")
    assert tip is not None
    assert tip[1] == deleted.json()["commit"]["sha"]
    assert [one["sha"] for one in deleted.json()["commit"]["parents"]] == [changed.json()["commit"]["sha"]]
    assert client.get(f"{API}/contents/a").status_code == 404  # an empty folder is none
    assert Push.objects.filter(state=Push.State.PREPARED).count() == 0


def test_what_is_written_starts_a_run_as_a_push_does(as_: As, repository: Repository) -> None:
    client = as_(None, "repo", "workflow")
    put(client, ".github/workflows/ci.yml", WORKFLOW)

    event = Event.objects.get(name="push")
    trigger.expand(event.pk)

    run = Run.objects.get()
    assert (run.head_branch, run.event_name, run.actor) == ("main", "push", repository.owner)


def test_workflow_files_need_the_scope(client: Client, repository: Repository) -> None:
    refused = put(client, ".github/workflows/ci.yml", WORKFLOW)

    assert (refused.status_code, refused["X-Accepted-OAuth-Scopes"]) == (403, "workflow")
    assert git.branches(repository) == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("a.txt", {"sha": None}, 422),
        ("a.txt", {"sha": "0" * 40}, 409),
        ("new.txt", {"sha": "0" * 40}, 409),
        ("a.txt/b", {}, 422),
        ("folder", {"sha": "0" * 40}, 422),
        ("../x", {}, 422),
        (".git/config", {}, 422),
        ("a//b", {}, 422),
        ("x", {"content": "%%"}, 422),
        ("x", {"content": None}, 422),
        ("x", {"message": " "}, 422),
        ("x", {"branch": "nothing"}, 404),
        ("x", {"author": {"name": "A"}}, 422),
        ("x", {"author": "A"}, 422),
        ("x", {"committer": {"name": "A", "email": "a@b", "date": "soon"}}, 422),
        ("x", {"author": {"name": "<>", "email": "<>"}}, 422),
        ("x" * 5000, {}, 422),
    ],
)
def test_what_cannot_be_written_is_refused(
    client: Client, repository: Repository, path: str, body: dict[str, Any], status: int
) -> None:
    put(client, "a.txt")
    put(client, "folder/b.txt")

    answer = put(client, path, **body)

    assert answer.status_code == status, answer.content
    assert answer.json()["status"] == str(status)
    assert len(client.get(f"{API}/commits").json()) == 2


def test_authors_are_whom_the_body_names(client: Client, repository: Repository) -> None:
    author = {"name": "Ann", "email": "ann@example.org", "date": "2026-01-02T03:04:05+02:00"}

    commit = put(client, "a.txt", author=author).json()["commit"]

    assert commit["author"] == {"name": "Ann", "email": "ann@example.org", "date": "2026-01-02T01:04:05Z"}
    assert commit["committer"]["email"] == f"{repository.owner_id}+octo@users.noreply.127.0.0.1"
    shown = client.get(f"{API}/commits").json()[0]
    assert (shown["author"], shown["committer"]["login"]) == (None, "octo")


def test_deleting_needs_the_files_own_sha(client: Client, repository: Repository) -> None:
    sha = put(client, "a.txt").json()["content"]["sha"]

    assert remove(client, "a.txt", sha="0" * 40).status_code == 409
    assert remove(client, "a.txt").status_code == 422
    assert remove(client, "b.txt", sha=sha).status_code == 404
    # Clients that send no body with a DELETE put its fields into the query.
    assert client.delete(f"{API}/contents/a.txt?message=x&sha={sha}").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("nobody", 401), ("reader", 403), ("stranger", 403)])
def test_only_those_who_may_write(as_: As, repository: Repository, who: str, status: int) -> None:
    asker = {"nobody": Client(), "reader": as_(None, "repo:read"), "stranger": as_(factories.account("bob"))}[who]

    assert put(asker, "a.txt").status_code == status
    assert git.branches(repository) == {}


@pytest.fixture
def kinds(repository: Repository) -> Repository:
    """Everything that can stand in a tree, and a file over a megabyte."""
    store = pygit2.Repository(str(git.path(repository)))
    index = pygit2.Index()
    modes = pygit2.enums.FileMode
    for path, data, mode in (
        ("README.md", b"# Hello", modes.BLOB),
        ("docs/readme.txt", b"docs", modes.BLOB),
        ("docs/big.bin", b"\0" * (1 << 20) + b"x", modes.BLOB),
        ("docs/link", b"../README.md", modes.LINK),
        ("docs/out", b"../../etc/passwd", modes.LINK),
        (".gitmodules", b'[submodule "m"]\n\tpath = docs/m\n\turl = https://example.org/m.git\n', modes.BLOB),
    ):
        index.add(pygit2.IndexEntry(path, store.create_blob(data), mode))
    index.add(pygit2.IndexEntry("docs/m", pygit2.Oid(hex="1" * 40), modes.COMMIT))
    person = pygit2.Signature("Ada", "ada@example.org", 1_700_000_000, 0)
    store.create_commit("refs/heads/main", person, person, "All", index.write_tree(store), [])
    return repository


@pytest.mark.parametrize(
    ("path", "shape", "fields"),
    [
        ("README.md", "content-file", {"type": "file", "encoding": "base64", "size": 7}),
        ("docs/link", "content-file", {"type": "file", "path": "README.md"}),
        ("docs/out", "content-symlink", {"type": "symlink", "target": "../../etc/passwd"}),
        ("docs/m", "content-submodule", {"type": "submodule", "submodule_git_url": "https://example.org/m.git"}),
        ("docs/big.bin", "content-file", {"content": "", "encoding": "none", "size": (1 << 20) + 1}),
    ],
)
def test_each_kind_has_its_shape(
    client: Client, kinds: Repository, path: str, shape: str, fields: dict[str, Any]
) -> None:
    shown = client.get(f"{API}/contents/{path}").json()

    official.check_shape(shown, shape)
    assert {key: shown[key] for key in fields} == fields


def test_folders_are_lists_and_objects(client: Client, kinds: Repository) -> None:
    listed = client.get(f"{API}/contents/docs").json()
    whole = client.get(f"{API}/contents/docs", headers={"accept": "application/vnd.github.object+json"}).json()

    official.check_shape(listed, "content-directory")
    official.check_shape(whole, "content-tree")
    assert [one["name"] for one in listed] == ["big.bin", "link", "m", "out", "readme.txt"]
    assert whole["entries"] == listed


def test_bytes_alone(client: Client, kinds: Repository) -> None:
    raw = client.get(f"{API}/contents/docs/big.bin", headers={"accept": "application/vnd.github.v3.raw"})
    again = client.get(
        f"{API}/contents/docs/big.bin",
        headers={"accept": "application/vnd.github.v3.raw", "if-none-match": raw["ETag"]},
    )

    assert (len(raw.content), raw["Content-Type"]) == ((1 << 20) + 1, "application/vnd.github.raw; charset=utf-8")
    assert again.status_code == 304


@pytest.mark.parametrize(("place", "name"), [("readme", "README.md"), ("readme/docs", "readme.txt")])
def test_the_readme(client: Client, kinds: Repository, place: str, name: str) -> None:
    shown = client.get(f"{API}/{place}")

    official.check(shown.json(), "/repos/{owner}/{repo}/readme")
    assert shown.json()["name"] == name
    assert client.get(f"{API}/{place}", headers={"accept": "application/vnd.github.raw"}).content in (
        b"# Hello",
        b"docs",
    )
    assert client.get(f"{API}/{place}?ref=nothing").status_code == 404
    assert client.get(f"{API}/readme/nothing").status_code == 404


def test_the_address_of_a_private_file_opens_for_a_while(client: Client, kinds: Repository, time_machine: Any) -> None:
    time_machine.move_to("2026-01-01T00:00:00Z", tick=False)
    open_ = client.get(f"{API}/contents/README.md").json()["download_url"]
    assert Client().get(open_).content == b"# Hello"
    Repository.objects.update(private=True)
    shown = client.get(f"{API}/contents/README.md")
    secret = shown.json()["download_url"]

    assert Client().get(open_).status_code == 404
    assert Client().get(secret).content == b"# Hello"
    assert Client().get(secret.replace("README.md", "docs/readme.txt")).content == b"docs"  # of the same commit
    assert Client().get(secret.replace("octo/hello", "octo/other")).status_code == 404
    assert Client().get(secret[:-2]).status_code == 404
    time_machine.shift(timedelta(seconds=301))
    assert Client().get(secret).status_code == 404
    # Its signature is another each second; what is shown is the same.
    assert client.get(f"{API}/contents/README.md", headers={"if-none-match": shown["ETag"]}).status_code == 304
