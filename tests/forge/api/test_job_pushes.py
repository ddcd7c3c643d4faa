"""git itself with a job's GITHUB_TOKEN, against a real server: fetched by ``contents: read``, pushed by ``write``."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.forge.api.served import PASSWORD, Git, Served, served

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
CI = ".github/workflows/ci.yml"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with one person."""
    with served(tmp_path_factory.mktemp("served") / "data") as running:
        running.forge("user", "create", "alice", text=PASSWORD + "\n")
        running.tokens["alice"] = running.forge("token", "create", "alice")
        yield running


class Running:
    """A private repository in which a job runs, and a clone made with the job's token where it may read."""

    def __init__(self, server: Served, folder: Path, permissions: str) -> None:
        self.server = server
        self.name = server.create("alice", f"r{next(_numbers)}", private=True)
        label = self.name.replace("/", "-")
        self.work = Git(folder / "work")
        self.work("init", "-q", "-b", "main")
        (self.work.folder / ".github/workflows").mkdir(parents=True)
        self.work.commit("README.md", "1")
        job = f"{{runs-on: {label}, steps: [{{run: 'true'}}]}}"
        self.first = self.work.commit(CI, f"on: push\npermissions: {permissions}\njobs: {{a: {job}}}\n")
        self.work("push", "-q", server.remote(self.name, "alice"), "main")
        self.token = self._claimed(label)

    def _claimed(self, label: str) -> str:
        """The token of the job that this push has started, taken by a runner of the site."""
        credential = f"shc_{label}"
        registration = self.server.forge("runner", "token")
        digest = hashlib.sha256(credential.encode()).hexdigest()
        self._post("runners/register", registration, {"name": label, "labels": [label], "credential_hash": digest})
        asked = {"instance": "one", "request_key": label, "free": 1, "wait_seconds": 30}
        assignment = self._post("runners/poll", credential, asked)["assignment"]
        report = {"epoch": assignment["epoch"], "status": "in_progress"}
        self._post(f"jobs/{assignment['job']}/status", assignment["lease_token"], report)
        return str(assignment["github_token"])

    def _post(self, path: str, token: str, body: dict[str, Any]) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.server.url}/api/v1/{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def remote(self) -> str:
        """The repository's address with the job's token in it."""
        return self.server.remote(self.name, self.token)

    def push(self, *refs: str, ok: bool = True) -> str:
        """Push with the job's token."""
        return self.work("push", self.remote, *refs, ok=ok)

    def pushes(self) -> list[tuple[str, int, str]]:
        """(login, by a job, state) of every push."""
        with sqlite3.connect(self.server.data / "forge.sqlite3") as database:
            return database.execute(
                "SELECT a.login, p.by_job, p.state FROM repos_push p JOIN accounts_account a ON a.id = p.pusher_id "
                "JOIN repos_repository r ON r.id = p.repository_id WHERE r.name = ? ORDER BY p.id",
                [self.name.split("/")[1]],
            ).fetchall()


def test_a_job_that_may_write_pushes_as_the_bot(server: Served, tmp_path: Path) -> None:
    running = Running(server, tmp_path, "{contents: write}")
    shallow = Git(tmp_path / "shallow")
    shallow("clone", "-q", "--depth", "1", running.remote, ".")
    new = shallow.commit("README.md", "2")

    shallow("push", "-q", running.remote, "main", "HEAD:refs/heads/new", "HEAD:refs/tags/v1")
    running.work("fetch", "-q", server.remote(running.name, "alice"), "main:refs/heads/seen")

    assert running.work("rev-parse", "seen") == new
    assert running.pushes() == [("alice", 0, "settled"), ("github-actions[bot]", 1, "settled")]
    shallow("push", "-q", running.remote, ":new")


@pytest.mark.parametrize("permissions", ["read-all", "{}"])
def test_a_job_that_may_not_is_told_so(server: Served, tmp_path: Path, permissions: str) -> None:
    running = Running(server, tmp_path, permissions)
    running.work.commit("README.md", "2")
    other = Git(tmp_path / "other")

    assert f"Permission to {running.name}.git denied to github-actions[bot]." in running.push("main", ok=False)
    if permissions == "{}":
        assert "remote: Repository not found" in other("clone", running.remote, ".", ok=False)
    else:
        other("clone", "-q", running.remote, ".")
    assert running.pushes() == [("alice", 0, "settled")]


def test_workflow_files_are_not_changed(server: Served, tmp_path: Path) -> None:
    running = Running(server, tmp_path, "write-all")
    path = running.work.folder / CI
    said = f"(refusing to allow a GitHub App to create or update workflow `{CI}` without `workflows` permission)"
    before = path.read_text()
    running.work.commit(CI, before + "# more\n")

    assert said in running.push("main", ok=False)
    assert said in running.push("HEAD:refs/heads/new", ok=False)
    taken_back = running.work.commit(CI, before)
    assert said in running.push("main", ok=False)
    assert said in running.push(f"{taken_back}:refs/tags/v1", ok=False)
    running.work("reset", "-q", "--hard", running.first)
    running.work.commit("README.md", "3")
    # The one that is fine is not taken alone: a push is answered whole.
    assert "another ref of this push was refused" in running.push("main", f"{taken_back}:refs/heads/b", ok=False)
    assert running.pushes() == [("alice", 0, "settled")]
    running.push("main")
    refs = running.work("ls-remote", running.remote)
    assert [line.split("\t")[1] for line in refs.splitlines() if "\t" in line] == ["HEAD", "refs/heads/main"]


def test_a_token_without_the_scope_changes_none_either(server: Served, tmp_path: Path) -> None:
    running = Running(server, tmp_path, "{}")
    weak = server.forge("token", "create", "alice", "--scopes", "repo")
    running.work.commit("README.md", "2")

    running.work("push", "-q", server.remote(running.name, weak), "main")
    running.work.commit(CI, "on: push\n")

    said = running.work("push", server.remote(running.name, weak), "main", ok=False)
    assert f"a Personal Access Token to create or update workflow `{CI}` without `workflow` scope" in said
    running.work("push", "-q", server.remote(running.name, "alice"), "main")


def test_a_gzipped_push_is_looked_at_too(server: Served, tmp_path: Path) -> None:
    running = Running(server, tmp_path, "write-all")
    sha = running.work.commit(".github/workflows/more.yml", "on: push\n")
    revisions = f"{sha}\n^{running.first}\n".encode()
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "--revs", "--thin", "-q"],
        cwd=running.work.folder, env=running.work.environment, input=revisions, capture_output=True, check=True,
    ).stdout  # fmt: skip
    command = f"{running.first} {sha} refs/heads/main\0report-status".encode()
    body = gzip.compress(b"%04x" % (len(command) + 4) + command + b"0000" + pack)
    kind = {"content-encoding": "gzip", "content-type": "application/x-git-receive-pack-request"}

    def post(login: str) -> bytes:
        at = f"{server.url}/{running.name}/git-receive-pack"
        return httpx.post(at, content=body, headers=kind, auth=("x", login)).content

    assert b"ng refs/heads/main refusing to allow a GitHub App to create or update workflow" in post(running.token)
    assert b"ok refs/heads/main" in post(server.tokens["alice"])
