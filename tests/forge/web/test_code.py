"""Files, commits and what they changed, and files written in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.actor import Actor
from forge.actions import file_changes
from forge.actions.models import Event
from forge.repos import git, git_commands
from forge.repos.models import Collaborator, Repository, Right
from forge.web import places

R = "/rosa/widget"
STARTER = f"{R}/new/main?filename=.github/workflows/ci.yml&template=ci"


def _text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    text: str = answer.content.decode()
    return text


def _put(repository: Repository, path: str, text: str | bytes, branch: str = "main", sha: str | None = None) -> str:
    """A file, and the commit that has it."""
    data = text.encode() if isinstance(text, str) else text
    actor = Actor.for_session(repository.owner)
    return file_changes.put(actor, repository, path, data, sha=sha, message=f"Add {path}", branch=branch).sha


def _branch(repository: Repository, name: str, sha: str, start: str = "refs/heads/") -> None:
    assert git_commands.output(repository, "update-ref", start + name, sha).ok


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    """Every test begins without commits."""
    settings.REPOSITORIES = str(tmp_path)


@pytest.fixture
def filled(widget: Repository) -> Repository:
    """With a README, a script in a folder, a picture that is none, a branch with a slash and a tag."""
    _put(widget, "README.md", "# Hello <b>\n\n<script>alert(1)</script>\n")
    _put(widget, "src/deep/run.py", 'print("<i>")\n')
    sha = _put(widget, "src/data.bin", b"\0\1\2")
    _branch(widget, "fix/the-thing", sha)
    _branch(widget, "v1", sha, "refs/tags/")
    return widget


def test_folders_and_files(anyone: Client, filled: Repository) -> None:
    text = _text(anyone.get(R))
    assert re.findall(r'class="name" href="/rosa/widget/(\w+/main/[^"]*)"', text) == [
        "tree/main/src",
        "blob/main/README.md",
    ]
    assert ">Hello &lt;b&gt;</h3>" in text
    assert "<script>alert" not in text
    assert "Add src/data.bin" in text
    assert "/new/" not in text  # nobody in particular may not write
    text = _text(anyone.get(f"{R}/tree/fix/the-thing/src"))
    assert f'href="{R}/tree/fix/the-thing/src/deep"' in text
    assert f'href="{R}/blob/fix/the-thing/src/data.bin"' in text
    assert "3\xa0bytes" in text
    text = _text(anyone.get(f"{R}/blob/v1/src/deep/run.py"))
    assert '<span class="hs">&lt;i&gt;</span>' in text.replace("&quot;", "")
    assert 'id="L1" data-n="1"' in text
    assert "no text" in _text(anyone.get(f"{R}/blob/main/src/data.bin"))


def test_an_address_leads_to_what_stands_there(anyone: Client, filled: Repository) -> None:
    assert anyone.get(f"{R}/tree/main/README.md")["Location"] == f"{R}/blob/main/README.md"
    assert anyone.get(f"{R}/blob/main/src")["Location"] == f"{R}/tree/main/src"
    for rest in ("tree/nope", "blob/main/nope", "tree/main/src/nope", "commit/abcdefabcdef", "raw/main/src"):
        _text(anyone.get(f"{R}/{rest}"), 404)
    assert "nope does not exist on main" in _text(anyone.get(f"{R}/blob/main/nope"), 404)


@pytest.mark.parametrize(
    ("rest", "ref", "path"),
    [
        ("main", "main", ""),
        ("HEAD/src", "main", "src"),
        ("fix/the-thing/src/deep", "fix/the-thing", "src/deep"),
        ("v1/README.md", "v1", "README.md"),
        ("{sha}/src", "{sha}", "src"),
        ("{short}/src", "{sha}", "src"),
    ],
)
def test_refs_may_hold_slashes(filled: Repository, rest: str, ref: str, path: str) -> None:
    sha = git.branches(filled)["main"]
    found = places.find(filled, rest.format(sha=sha, short=sha[:8]))
    assert (found.ref, found.path, found.sha) == (ref.format(sha=sha), path, sha)


def test_raw_runs_nothing(anyone: Client, filled: Repository) -> None:
    _put(filled, "evil.html", "<script>alert(1)</script>")
    _put(filled, "evil.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    _put(filled, "a.png", b"\x89PNG\0")
    kinds = {"evil.html": "text/plain", "evil.svg": "text/plain", "a.png": "image/png"}
    kinds["src/data.bin"] = "application/octet-stream"
    for path, kind in kinds.items():
        answer = anyone.get(f"{R}/raw/main/{path}")
        assert answer["Content-Type"].split(";")[0] == kind
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_commits(anyone: Client, filled: Repository) -> None:
    text = _text(anyone.get(f"{R}/commits/main"))
    assert text.count("Add ") == 3
    assert _text(anyone.get(f"{R}/commits/main/src/deep")).count("Add ") == 1
    assert "No more commits" in _text(anyone.get(f"{R}/commits/main?page=2"))
    blob = git_commands.output(filled, "rev-parse", "main:src/deep/run.py").data.decode().strip()
    sha = _put(filled, "src/deep/run.py", 'print("\u202eb")\nmore\n', sha=blob)
    text = _text(anyone.get(f"{R}/commit/{sha}"))
    assert '<div class="ln d-del" data-n="1">-print(&quot;&lt;i&gt;&quot;)</div>' in text
    assert '<div class="ln d-add" data-n="1">+print(&quot;[U+202E]b&quot;)</div>' in text
    assert '<div class="ln d-add" data-n="2">+more</div>' in text
    assert "turn the direction of text" in _text(anyone.get(f"{R}/blob/main/src/deep/run.py"))


def test_the_first_workflow(person: Client, widget: Repository) -> None:
    assert STARTER.replace("&", "&amp;") in _text(person.get(f"{R}/actions"))
    form = _text(person.get(STARTER))
    assert 'value=".github/workflows/ci.yml"' in form
    given = person.get(STARTER).context["form"].text
    answer = person.post(f"{R}/new/main", {"path": ".github/workflows/ci.yml", "text": given.replace("\n", "\r\n")})
    assert (answer.status_code, answer["Location"]) == (303, f"{R}/actions")
    sha = git.branches(widget)["main"]
    assert git.read_file(widget, sha, ".github/workflows/ci.yml") == given.encode()
    assert git.commit(widget, sha)["message"] == "Create ci.yml"
    assert Event.objects.filter(repository=widget, name="push", sha=sha).exists()


def test_a_workflow_with_mistakes_is_held_once(person: Client, widget: Repository) -> None:
    sent = {"path": ".github/workflows/ci.yml", "text": "on: push\njobz: {}\n", "message": "Try"}
    text = _text(person.post(f"{R}/new/main", sent), 422)
    assert 'data-line="2" data-column="1"' in text
    assert "jobz: {}" in text
    assert not git.branches(widget)
    assert person.post(f"{R}/new/main", {**sent, "anyway": "1"}).status_code == 303
    assert git.commit(widget, git.branches(widget)["main"])["message"] == "Try"


def test_a_file_is_changed_and_deleted(person: Client, filled: Repository) -> None:
    _put(filled, "dos.txt", "\r\none\r\n")
    form = person.get(f"{R}/edit/main/dos.txt")
    sha = form.context["form"].sha
    assert re.search(r"<textarea[^>]*>\n\r\none", _text(form))
    answer = person.post(f"{R}/edit/main/dos.txt", {"text": "\r\ntwo\r\n", "sha": sha})
    assert answer["Location"] == f"{R}/blob/main/dos.txt"
    assert git.read_file(filled, git.branches(filled)["main"], "dos.txt") == b"\r\ntwo\r\n"
    again = person.post(f"{R}/edit/main/dos.txt", {"text": "mine", "sha": sha})
    assert "has changed meanwhile" in _text(again, 422)
    assert "mine" in _text(again, 422)
    assert "already" in _text(person.post(f"{R}/new/main", {"path": "dos.txt", "text": "x"}), 422)
    assert "cannot be the path" in _text(person.post(f"{R}/new/main", {"path": "a/../b", "text": "x"}), 422)
    assert "no text" in _text(person.get(f"{R}/edit/main/src/data.bin"), 422)
    sha = person.get(f"{R}/delete/main/src/deep/run.py").context["form"].sha
    answer = person.post(f"{R}/delete/main/src/deep/run.py", {"sha": sha})
    assert answer["Location"] == f"{R}/tree/main/src"
    assert git.read_file(filled, git.branches(filled)["main"], "src/deep/run.py") is None


def test_only_writers_write_and_only_on_branches(
    person: Client, stranger: Client, anyone: Client, filled: Repository
) -> None:
    for rest in ("new/main", "edit/main/README.md", "delete/main/README.md"):
        assert stranger.get(f"{R}/{rest}").status_code == 403
        assert stranger.post(f"{R}/{rest}", {"path": "x", "text": "x"}).status_code == 403
        assert anyone.get(f"{R}/{rest}")["Location"] == f"/login?next={R}/{rest}"
    assert "is no branch" in _text(person.get(f"{R}/new/v1"), 404)
    account = stranger.get("/").context["user"]
    Collaborator.objects.create(repository=filled, user=account, right=Right.WRITE)
    assert "Add a file" in _text(stranger.get(R))
    assert stranger.post(f"{R}/new/main", {"path": "x", "text": "x"}).status_code == 303
    Repository.objects.filter(pk=filled.pk).update(private=True)
    for rest in ("tree/main", "blob/main/README.md", "raw/main/README.md", "commits/main", "commit/main"):
        assert anyone.get(f"{R}/{rest}").status_code == 404


def test_a_long_list_costs_no_more_queries(anyone: Client, filled: Repository) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            _text(anyone.get(f"{R}/tree/main"))
        return len(found)

    before = count()
    for number in range(5):
        _put(filled, f"file{number}", "x")
        _branch(filled, f"branch{number}", git.branches(filled)["main"])
    assert count() == before <= 4
