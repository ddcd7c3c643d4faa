"""git itself against a real server: clone, fetch, push, and every way in which they are refused."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import select
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.forge.api.served import PASSWORD, Git, Served, served

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
MEGABYTE = 1 << 20
_numbers = iter(range(1000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two people, made with its own commands."""
    with served(tmp_path_factory.mktemp("served") / "data") as running:
        for login in ("alice", "bob"):
            running.forge("user", "create", login, text=PASSWORD + "\n")
            running.tokens[login] = running.forge("token", "create", login)
        running.tokens["reader"] = running.forge("token", "create", "alice", "--scopes", "repo:read")
        yield running


@pytest.fixture
def name(server: Served) -> str:
    """A new public repository of Alice."""
    return server.create("alice", f"r{next(_numbers)}")


@pytest.fixture
def work(tmp_path: Path) -> Git:
    """A working folder with one commit on ``main``."""
    made = Git(tmp_path / "work")
    made("init", "-q", "-b", "main")
    made.commit("a", "1")
    return made


def refs_of(server: Served, work: Git, name: str) -> dict[str, str]:
    """What the server shows of its refs."""
    lines = work("ls-remote", server.remote(name, "alice")).splitlines()
    return {ref: sha for sha, ref in (line.split("\t") for line in lines if "\t" in line)}


def events_of(server: Served, name: str) -> list[tuple[str, str, str]]:
    """(ref, before, sha) of the pushes that the server wrote down for a repository."""
    with sqlite3.connect(server.data / "forge.sqlite3") as database:
        return database.execute(
            "SELECT e.ref, e.before, e.sha FROM actions_event e JOIN repos_repository r ON r.id = e.repository_id "
            "WHERE r.name = ? AND e.name = 'push' ORDER BY e.id",
            [name.split("/")[1]],
        ).fetchall()


@pytest.mark.parametrize("version", ["0", "1", "2"])
@pytest.mark.parametrize("ending", ["", ".git"])
def test_push_clone_and_fetch(server: Served, name: str, work: Git, tmp_path: Path, version: str, ending: str) -> None:
    protocol = ("-c", f"protocol.version={version}")
    first = work("rev-parse", "HEAD")
    work(*protocol, "push", server.remote(name + ending, "alice"), "main")
    other = Git(tmp_path / "other")
    other(*protocol, "clone", "-q", server.remote(name.upper() + ending), ".")
    second = work.commit("b")
    work(*protocol, "push", server.remote(name, "alice"), "main")
    other(*protocol, "fetch", "-q")

    assert other("rev-parse", "HEAD") == first
    assert other("rev-parse", "origin/main") == second
    zero = "0" * 40
    assert events_of(server, name) == [("refs/heads/main", zero, first), ("refs/heads/main", first, second)]


def test_shallow_and_any_commit_can_be_fetched(server: Served, name: str, work: Git, tmp_path: Path) -> None:
    first = work("rev-parse", "HEAD")
    work.commit("b")
    dropped = work.commit("c")
    work("push", server.remote(name, "alice"), "main")
    work("reset", "-q", "--hard", first)
    work.commit("d")
    work("push", "--force", server.remote(name, "alice"), "main")
    other = Git(tmp_path / "other")
    other("clone", "-q", "--depth", "1", server.remote(name), ".")

    assert other("rev-list", "--count", "HEAD") == "1"
    other("fetch", "-q", "--depth", "1", "origin", dropped)
    assert other("rev-parse", "FETCH_HEAD") == dropped
    other("fetch", "-q", "--unshallow")
    assert other("rev-list", "--count", "HEAD") == "2"
    filtered = Git(tmp_path / "filtered")
    filtered("clone", "-q", "--filter=blob:none", server.remote(name), ".")


def test_a_push_in_chunks_arrives_whole(server: Served, name: str, work: Git) -> None:
    work.commit("big", os.urandom(2 * MEGABYTE))

    said = work("-c", "http.postBuffer=65536", "push", server.remote(name, "alice"), "main")

    assert "new branch" in said
    assert refs_of(server, work, name)["refs/heads/main"] == work("rev-parse", "HEAD")


def test_a_gzipped_push_and_fetch(server: Served, name: str, work: Git) -> None:
    sha = work("rev-parse", "HEAD")
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "--revs", "-q"],
        cwd=work.folder, env=work.environment, input=f"{sha}\n".encode(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    command = f"{'0' * 40} {sha} refs/heads/main\0report-status".encode()
    push = b"%04x" % (len(command) + 4) + command + b"0000" + pack
    want = f"want {sha} ofs-delta\n".encode()
    fetch = b"%04x" % (len(want) + 4) + want + b"00000009done\n"

    def post(service: str, body: bytes) -> httpx.Response:
        headers = {"content-encoding": "gzip", "content-type": f"application/x-{service}-request"}
        auth = ("x", server.tokens["alice"])
        return httpx.post(f"{server.url}/{name}/{service}", content=gzip.compress(body), headers=headers, auth=auth)

    assert b"ok refs/heads/main" in post("git-receive-pack", push).content
    assert post("git-upload-pack", fetch).content.startswith(b"0008NAK\nPACK")
    assert [event[2] for event in events_of(server, name)] == [sha]


def test_eighty_megabytes_never_stand_in_memory(server: Served, name: str, work: Git, tmp_path: Path) -> None:
    for number in range(8):
        work.commit(f"big{number}", os.urandom(10 * MEGABYTE))
    before = server.peak_kib()

    work("push", "-q", server.remote(name, "alice"), "main")
    pushed = server.peak_kib()
    other = Git(tmp_path / "other")
    other("clone", "-q", server.remote(name), ".")

    assert other("rev-parse", "HEAD") == work("rev-parse", "HEAD")
    assert pushed - before < 100 * 1024
    assert server.peak_kib() - before < 100 * 1024


def test_a_client_that_goes_away_ends_the_backend(server: Served, name: str, work: Git) -> None:
    sha = work.commit("big", os.urandom(30 * MEGABYTE))
    work("push", "-q", server.remote(name, "alice"), "main")
    want = f"want {sha}\n".encode()
    body = b"%04x" % (len(want) + 4) + want + b"00000009done\n"
    host = urlsplit(server.url)
    before = server.children()
    with socket.create_connection((host.hostname or "", host.port or 0)) as client:
        client.sendall(
            f"POST /{name}/git-upload-pack HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-git-upload-pack-request\r\n\r\n".encode()
            + body
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        [backend] = server.children() - before
        ended = os.pidfd_open(backend)
    watched = select.poll()
    watched.register(ended, select.POLLIN)

    assert watched.poll(20_000)
    os.close(ended)


def test_refusals_say_why_in_gits_own_output(server: Served, name: str, work: Git) -> None:
    assert "could not read Username" in work("push", server.remote(name), "main", ok=False)
    assert "remote: You need write access" in work("push", server.remote(name, "bob"), "main", ok=False)
    assert "remote: This token lacks the scope" in work("push", server.remote(name, "reader"), "main", ok=False)
    assert "Authentication failed" in work("push", server.remote(name, "shp_wrong"), "main", ok=False)
    assert "remote: Repository not found" in work("push", server.remote("alice/none", "alice"), "main", ok=False)
    assert events_of(server, name) == []


def test_single_refs_are_refused_with_their_reason(server: Served, name: str, work: Git) -> None:
    work("push", server.remote(name, "alice"), "main")
    long = "x/" + "/".join(["y" * 100] * 6)

    deleted = work("push", server.remote(name, "alice"), ":main", "HEAD:refs/heads/other", ok=False)
    hidden = work("push", server.remote(name, "alice"), "HEAD:refs/forge/runs/1", ok=False)
    lengthy = work("push", server.remote(name, "alice"), f"HEAD:refs/heads/{long}", ok=False)
    work("checkout", "-q", "--orphan", "apart")
    work.commit("z")
    behind = work("push", server.remote(name, "alice"), "HEAD:main", ok=False)

    assert "deletion of the current branch prohibited" in deleted
    assert "deny updating a hidden ref" in hidden
    assert "512 characters at most" in lengthy
    assert "rejected" in behind
    assert set(refs_of(server, work, name)) == {"HEAD", "refs/heads/main", "refs/heads/other"}
    assert [event[0] for event in events_of(server, name)] == ["refs/heads/main", "refs/heads/other"]


def test_a_private_repository_is_hidden(server: Served, work: Git, tmp_path: Path) -> None:
    server.create("alice", "hidden", private=True)
    work("push", server.remote("alice/hidden", "alice"), "main")
    other = Git(tmp_path / "other")

    assert "could not read Username" in other("clone", server.remote("alice/hidden"), ok=False)
    assert "could not read Username" in other("clone", server.remote("alice/never-was"), ok=False)
    assert "Repository not found" in other("clone", server.remote("alice/hidden", "bob"), ok=False)
    other("clone", "-q", server.remote("alice/hidden", "reader"))


def test_the_first_branch_becomes_the_default_one(server: Served, name: str, work: Git, tmp_path: Path) -> None:
    empty = Git(tmp_path / "empty")
    empty("clone", "-q", server.remote(name), ".")
    work("push", server.remote(name, "alice"), "main:trunk")
    other = Git(tmp_path / "other")
    other("clone", "-q", server.remote(name), ".")

    assert empty("symbolic-ref", "HEAD") == "refs/heads/main"
    assert other("symbolic-ref", "HEAD") == "refs/heads/trunk"
    shown = httpx.get(f"{server.url}/api/v3/repos/{name}", headers={"authorization": f"token {server.tokens['alice']}"})
    assert shown.json()["default_branch"] == "trunk"


def test_a_thousand_refs_at_once_made_and_deleted(server: Served, name: str, work: Git) -> None:
    work("push", server.remote(name, "alice"), "main")
    names = [f"refs/heads/b/{number:04}" for number in range(1000)]
    work("update-ref", "--stdin", data="".join(f"create {ref} HEAD\n" for ref in names))

    said = work("push", server.remote(name, "alice"), "refs/heads/b/*")

    assert "remote: 1000 refs were pushed at once" in said
    assert set(names) <= set(refs_of(server, work, name))
    assert len(events_of(server, name)) == 1001
    work("push", "-q", server.remote(name, "alice"), *(f":{ref}" for ref in names))
    assert set(refs_of(server, work, name)) == {"HEAD", "refs/heads/main"}


def test_tags_and_deletions_are_events_too(server: Served, name: str, work: Git) -> None:
    work("tag", "-a", "-m", "one", "v1")
    work("push", server.remote(name, "alice"), "main", "v1")
    work("push", server.remote(name, "alice"), ":v1")

    tag = work("rev-parse", "v1")
    changes = {(ref, before): sha for ref, before, sha in events_of(server, name)}
    zero = "0" * 40
    assert changes[("refs/tags/v1", zero)] == tag
    assert changes[("refs/tags/v1", tag)] == zero


def test_a_deleted_repository_is_gone(server: Served, name: str, work: Git) -> None:
    work("push", server.remote(name, "alice"), "main")

    server.forge("repo", "delete", name)

    assert "Repository not found" in work("fetch", server.remote(name, "alice"), ok=False)


def test_what_is_no_git_is_refused(server: Served, name: str) -> None:
    auth = ("x", server.tokens["alice"])
    kind = {"content-type": "application/x-git-receive-pack-request"}
    at = f"{server.url}/{name}"

    assert httpx.get(f"{at}/info/refs").status_code == 422
    assert httpx.get(f"{at}/info/refs?service=git-rm").status_code == 422
    assert httpx.get(f"{at}/git-upload-pack").status_code == 405
    assert httpx.post(f"{at}/git-upload-pack", content=b"x").status_code == 422
    assert httpx.post(f"{at}/git-receive-pack", content=b"hello", headers=kind, auth=auth).status_code == 422
    assert httpx.post(f"{at}/git-receive-pack", content=b"0000", headers=kind).status_code == 401
    announced = http.client.HTTPConnection(urlsplit(server.url).netloc)
    announced.putrequest("POST", f"/{name}/git-receive-pack")
    announced.putheader("Content-Length", str(3 << 30))
    announced.endheaders()
    assert announced.getresponse().status == 413
    announced.close()
    chunks = (b"x" * MEGABYTE for _ in range(12))
    said = httpx.post(f"{server.url}/api/v3/user/repos", content=chunks)
    assert (said.status_code, json.loads(said.content)["status"]) == (413, "413")


def test_a_server_is_left_at_once_with_calls_held(tmp_path: Path) -> None:
    """SIGTERM ends the server in order while a client reads nothing of its fetch: see ``served``."""
    with served(tmp_path / "data") as running:
        running.forge("user", "create", "carol", text=PASSWORD + "\n")
        running.tokens["carol"] = running.forge("token", "create", "carol")
        running.create("carol", "r")
        work = Git(tmp_path / "work")
        work("init", "-q", "-b", "main")
        sha = work.commit("big", os.urandom(30 * MEGABYTE))
        work("push", "-q", running.remote("carol/r", "carol"), "main")
        host = urlsplit(running.url)
        client = socket.create_connection((host.hostname or "", host.port or 0))
        body = f"0032want {sha}\n00000009done\n".encode()
        client.sendall(
            f"POST /carol/r/git-upload-pack HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-git-upload-pack-request\r\n\r\n".encode()
            + body
        )
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    client.close()
