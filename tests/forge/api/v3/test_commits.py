"""Commits, branches, tags, refs and archives over the API."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.repos import git, repositories
from forge.repos.models import Repository
from tests import factories
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db

API = "/api/v3/repos/octo/hello"


class Work:
    """A clone that pushes straight into the repository's folder."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        self.folder, self.repository = folder, repository
        folder.mkdir()
        self("init", "-qb", "main")
        self.day = 0

    def __call__(self, *arguments: str) -> str:
        date = f"2026-01-{1 + getattr(self, 'day', 0):02}T12:00:00Z"
        done = subprocess.run(
            ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str, *more: str, **files: str) -> str:
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self("add", "-A")
        self("commit", "-qm", message, *more)
        self.day += 1
        return self("rev-parse", "HEAD")

    def push(self, *refs: str) -> None:
        self("push", "-q", str(git.path(self.repository)), *refs)


@pytest.fixture
def repository(owner: Account) -> Repository:
    made = repositories.create(Actor.for_session(owner), "octo", "hello")
    return Repository.objects.select_related("owner").get(pk=made.pk)


@pytest.fixture
def work(repository: Repository, tmp_path: Path) -> Work:
    return Work(tmp_path / "work", repository)


@pytest.fixture
def three(work: Work) -> list[str]:
    """Three commits of a day each, oldest first: a, then b, then a again by somebody else."""
    made = [work.commit("One", a="1\n2\n3\n"), work.commit("Two", b="x\n")]
    made.append(work.commit("Three", "--author=Bob <Bob@example.org>", a="1\n2\n3\n4\n"))
    work.push("main")
    return made


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("", ["Three", "Two", "One"]),
        ("?path=a", ["Three", "One"]),
        ("?path=/b", ["Two"]),
        ("?path=nothing", []),
        ("?path=../a", []),
        ("?path=*", []),
        ("?since=2026-01-02T00:00:00Z", ["Three", "Two"]),
        ("?until=2026-01-02T13:00:00%2B00:00", ["Two", "One"]),
        ("?since=2026-01-02&until=2026-01-03", ["Two"]),
        ("?author=bob@example.org", ["Three"]),
        ("?author=bob", ["Three"]),
        ("?author=.*", []),
        ("?author=nobody", []),
        ("?sha={1}", ["Two", "One"]),
        ("?sha=heads/main&per_page=1", ["Three"]),
        ("?per_page=2&page=2", ["One"]),
    ],
)
def test_commits_are_narrowed_down(client: Client, three: list[str], query: str, messages: list[str]) -> None:
    factories.account("bob", email="bob@example.org")

    answer = client.get(f"{API}/commits{query.format(*three)}")

    assert [one["commit"]["message"] for one in answer.json()] == messages, answer.content


def test_pages_of_commits_lead_on(client: Client, three: list[str]) -> None:
    links = [client.get(f"{API}/commits?per_page=1&page={page}").headers["Link"] for page in (1, 2, 3)]

    found = [[part.split("page=")[-1] for part in link.split(", ")] for link in links]
    assert found == [
        ['2>; rel="next"', '3>; rel="last"'],
        ['1>; rel="prev"', '3>; rel="next"', '3>; rel="last"', '1>; rel="first"'],
        ['2>; rel="prev"', '1>; rel="first"'],
    ]
    assert "Link" not in client.get(f"{API}/commits").headers


@pytest.mark.parametrize(
    ("query", "status"), [("?since=yesterday", 422), ("?until=9999-99-99", 422), ("?sha=nothing", 404)]
)
def test_what_no_commit_can_be(client: Client, three: list[str], query: str, status: int) -> None:
    assert client.get(f"{API}/commits{query}").status_code == status


def test_an_empty_repository_has_no_commits(client: Client, repository: Repository) -> None:
    answer = client.get(f"{API}/commits")

    assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")
    assert [client.get(f"{API}/{place}").json() for place in ("branches", "tags", "git/matching-refs/heads")] == [
        []
    ] * 3
    assert client.get(f"{API}/contents").status_code == 404
    assert client.get(f"{API}/readme").status_code == 404
    assert client.get(f"{API}/tarball").status_code == 404


def test_a_commit_has_its_files(client: Client, work: Work, three: list[str]) -> None:
    factories.account("bob", email="bob@example.org")
    (work.folder / "b").rename(work.folder / "c")
    (work.folder / "d").write_bytes(b"\0\1")
    moved = work.commit("Move", a="1\n2\n3\n")
    work.push("main")

    first, third, last = (client.get(f"{API}/commits/{sha}").json() for sha in (three[0], three[2], moved))

    assert first["stats"] == {"total": 3, "additions": 3, "deletions": 0}
    assert first["files"][0]["patch"] == "@@ -0,0 +1,3 @@\n+1\n+2\n+3"
    assert (third["author"]["login"], third["committer"]) == ("bob", None)
    assert third["files"][0]["patch"] == "@@ -1,3 +1,4 @@\n 1\n 2\n 3\n+4"
    shown = {one["filename"]: (one["status"], one["changes"], one.get("previous_filename")) for one in last["files"]}
    assert shown == {"a": ("modified", 1, None), "c": ("renamed", 0, "b"), "d": ("added", 0, None)}
    assert ["patch" in one for one in last["files"]] == [True, False, False]
    assert client.get(last["files"][0]["raw_url"]).content == b"1\n2\n3\n"
    assert [one["sha"] for one in last["parents"]] == [three[2]]


def test_files_of_a_commit_come_in_pages(client: Client, work: Work, repository: Repository) -> None:
    sha = work.commit("Many", **{f"f{number:03}": "x\n" for number in range(310)})
    work.push("main")

    first, second = client.get(f"{API}/commits/{sha}"), client.get(f"{API}/commits/{sha}?page=2")

    assert [len(one.json()["files"]) for one in (first, second)] == [300, 10]
    assert first.json()["stats"] == second.json()["stats"] == {"total": 310, "additions": 310, "deletions": 0}
    assert 'rel="next"' in first["Link"]
    assert all(one["patch"] == "@@ -0,0 +1 @@\n+x" for one in second.json()["files"])


def test_a_commits_id_alone(client: Client, three: list[str]) -> None:
    answer = client.get(f"{API}/commits/main", headers={"accept": "application/vnd.github.sha"})

    assert (answer.content.decode(), answer["Content-Type"]) == (three[2], "application/vnd.github.sha; charset=utf-8")


def test_branches_tags_and_refs(client: Client, work: Work, three: list[str]) -> None:
    work("branch", "topic/a", three[0])
    work("tag", "v1", three[0])
    work("tag", "-am", "Annotated", "v2", three[1])
    work.push("main", "topic/a", "v1", "v2")
    git.pin(work.repository, "1", three[0])

    branches = client.get(f"{API}/branches").json()
    tags = client.get(f"{API}/tags").json()
    one = client.get(f"{API}/branches/topic/a").json()
    ref, tag = (client.get(f"{API}/git/ref/{name}").json() for name in ("heads/main", "tags/v2"))

    assert [(row["name"], row["commit"]["sha"], row["protected"]) for row in branches] == [
        ("main", three[2], False),
        ("topic/a", three[0], False),
    ]
    assert client.get(f"{API}/branches?protected=true").json() == []
    assert [(row["name"], row["commit"]["sha"]) for row in tags] == [("v2", three[1]), ("v1", three[0])]
    assert (one["commit"]["commit"]["message"], one["protection"]["enabled"]) == ("One", False)
    assert (ref["ref"], ref["object"]["sha"], ref["object"]["type"]) == ("refs/heads/main", three[2], "commit")
    assert (tag["object"]["type"], tag["object"]["sha"] != three[1]) == ("tag", True)
    found = client.get(f"{API}/git/matching-refs/tags/v").json()
    assert [row["ref"] for row in found] == ["refs/tags/v1", "refs/tags/v2"]
    assert [row["ref"] for row in client.get(f"{API}/git/matching-refs/heads/to").json()] == ["refs/heads/topic/a"]
    for name in ("forge/runs/1", "heads/nothing", "heads/*", "heads"):
        assert client.get(f"{API}/git/ref/{name}").status_code == 404
    assert client.get(f"{API}/git/matching-refs/forge").json() == []
    assert client.get(f"{API}/git/matching-refs/forge/runs/").json() == []


def _folder(data: bytes, kind: str) -> set[str]:
    if kind == "zipball":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            return set(file.namelist())
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as file:
        return {f"{one.name}/" if one.isdir() else one.name for one in file}


@pytest.mark.parametrize("kind", ["tarball", "zipball"])
def test_archives_are_one_folder_called_as_on_github(client: Client, three: list[str], kind: str) -> None:
    Repository.objects.update(private=True)
    for ref, sha in (("", three[2]), ("/main", three[2]), (f"/{three[0]}", three[0])):
        sent = client.get(f"{API}/{kind}{ref}")
        file: Any = Client().get(sent["Location"])  # the address lets in by itself
        folder = f"octo-hello-{sha[:7]}"
        assert sent.status_code == 302
        assert (
            file["Content-Disposition"] == f'attachment; filename="{folder}.{"zip" if kind == "zipball" else "tar.gz"}"'
        )
        names = {"a"} if sha == three[0] else {"a", "b"}
        assert _folder(file.getvalue(), kind) == {f"{folder}/", *(f"{folder}/{name}" for name in names)}


def test_the_address_of_an_archive_ends(client: Client, as_: As, three: list[str]) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False) as now:
        place = client.get(f"{API}/tarball/main")["Location"]
        assert Client().head(place).status_code == 200
        assert Client().post(place).status_code == 405
        now.shift(61)
        assert Client().get(place).status_code == 403
        assert Client().get(place[:-1]).status_code == 403
        Repository.objects.update(private=True)
        assert as_(factories.account("eve")).get(f"{API}/tarball/main").status_code == 404
        assert client.get(f"{API}/tarball/nothing").status_code == 404
