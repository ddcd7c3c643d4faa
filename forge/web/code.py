"""Folders and files of a repository at a commit, commits, and what they changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from forge.errors import Invalid, NotFound
from forge.repos import diffs, git, history, trees
from forge.repos.diffs import FileChange
from forge.repos.models import Repository
from forge.repos.trees import Entry
from forge.web import ansi, door, highlight, patches, places
from forge.web.errors import page
from forge.web.patches import PatchLine
from forge.web.places import Place

#: Bytes of a file that are shown, and that are handed out as they are.
SHOWN = 1 << 20
_RAW = 100 << 20
_README = 256 << 10
_BRANCHES, _TAGS = 100, 50
_COMMITS = 30
#: Files of a commit whose lines are shown.
_FILES = 50
#: Pictures that browsers draw and that run nothing.
_PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_FORBIDDEN = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class Commit:
    """A commit as the pages show it."""

    sha: str
    title: str
    body: str
    author: str
    committer: str
    when: datetime
    parents: tuple[str, ...]

    @classmethod
    def of(cls, data: dict[str, Any]) -> Commit:
        """From what ``git.described`` says."""
        title, _, body = data["message"].strip().partition("\n")
        names = (data["author"]["name"], data["committer"]["name"])
        when = datetime.fromisoformat(data["timestamp"])
        return cls(data["id"], title or "No message", body.strip("\n"), *names, when, tuple(data["parents"]))


@dataclass(frozen=True)
class Text:
    """A file that can be read: its lines, and whether something in it turns the direction of text."""

    lines: list[SafeString]
    turning: bool


@page
def tree(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """A folder: what is in it, and its README."""
    repository = door.repository(request, owner, name)
    return folder(request, repository, places.find(repository, rest))


def folder(request: HttpRequest, repository: Repository, place: Place, **more: Any) -> HttpResponse:
    """The page of a folder; a file that stands there has a page of its own."""
    found = _found(repository, place)
    if found.kind != "dir":
        return door.see_other(_address(repository, "blob", place))
    rows = trees.entries(repository, found.sha, place.path)
    rows.sort(key=lambda one: one.kind not in ("dir", "submodule"))
    context = {
        **frame(repository, place),
        "rows": rows,
        "most": trees.ENTRIES,
        "commit": _last(repository, place),
        "readme": _readme(repository, place),
        "verb": "tree",
        **more,
    }
    return door.show(request, "code/tree.html", repository, tab="code", **context)


@page
def blob(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """A file with the numbers of its lines; Markdown is drawn, unless ``?plain=1``."""
    repository = door.repository(request, owner, name)
    place = places.find(repository, rest)
    found = _found(repository, place)
    if found.kind == "dir":
        return door.see_other(_address(repository, "tree", place))
    context = {**frame(repository, place), "file": found, "commit": _last(repository, place)}
    context |= {"verb": "blob", "picture": _picture(place.path) if found.kind == "file" else None}
    if found.kind == "symlink":
        context["target"], context["there"] = trees.link_target(repository, place.sha, found)
    elif found.kind == "submodule":
        context["target"] = trees.submodule_url(repository, place.sha, place.path) or ""
    elif (text := readable(repository, found)) is not None:
        is_markdown = place.path.lower().endswith(".md")
        drawn = is_markdown and "plain" not in request.GET
        context |= {"is_markdown": is_markdown, "source": text if drawn else None}
        context["text"] = None if drawn else _text(text, place.path)
    return door.show(request, "code/file.html", repository, tab="code", **context)


@page
def raw(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """The bytes of a file; never anything that a browser would run."""
    repository = door.repository(request, owner, name)
    place = places.find(repository, rest)
    found = _found(repository, place)
    if found.kind not in ("file", "symlink"):
        raise NotFound
    if found.size > _RAW:
        raise Invalid(f"This file has {found.size} bytes. Clone the repository to get it.")
    data = trees.data(repository, found.sha)
    kind = _picture(place.path) or ("application/octet-stream" if _is_binary(data) else "text/plain; charset=utf-8")
    answer = HttpResponse(data, content_type=kind)
    answer["ETag"] = f'"{found.sha}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = _FORBIDDEN
    return answer


@page
def commits(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """The commits that led to a branch, tag or commit, newest first; of a file or folder those that touched it."""
    repository = door.repository(request, owner, name)
    place = places.find(repository, rest)
    number = request.GET.get("page", "1")
    shown = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    found = history.commits(
        repository,
        place.sha,
        skip=(shown - 1) * _COMMITS,
        limit=_COMMITS + 1,
        wanted=history.Filter(path=place.path),
    )
    context = {
        **frame(repository, place),
        "verb": "commits",
        "rows": [Commit.of(one) for one in found[:_COMMITS]],
        "newer": shown - 1,
        "older": shown + 1 if len(found) > _COMMITS else 0,
    }
    return door.show(request, "code/commits.html", repository, tab="code", **context)


@page
def commit(request: HttpRequest, owner: str, name: str, sha: str) -> HttpResponse:
    """What a commit says and what it changed, against its first parent."""
    repository = door.repository(request, owner, name)
    found = git.resolve(repository, sha) if git.path(repository).exists() else None
    if found is None:
        raise NotFound(f"There is no commit {sha} here.")
    shown = Commit.of(git.commit(repository, found[1]))
    before = shown.parents[0] if shown.parents else None
    changes = diffs.files(repository, before, shown.sha)
    context: dict[str, Any] = {
        "commit": shown,
        "files": changes,
        "added": sum(one.additions for one in changes),
        "removed": sum(one.deletions for one in changes),
        "changes": _changes(repository, before, shown.sha, changes[:_FILES]),
    }
    return door.show(request, "code/commit.html", repository, tab="code", **context)


def _changes(
    repository: Repository, before: str | None, sha: str, shown: list[FileChange]
) -> list[tuple[FileChange, list[PatchLine]]]:
    """The files with the lines of their patches; without, where there are too many lines to read."""
    found = diffs.with_patches(repository, before, sha, shown)
    left, rows = patches.MOST, []
    for one in found:
        lines = patches.lines(one.patch) if one.patch else []
        left -= len(lines)
        rows.append((one, lines if left >= 0 else []))
    return [(replace(one, patch=None), lines) for one, lines in rows]


def frame(repository: Repository, place: Place) -> dict[str, Any]:
    """What the pages of one place have in common: where one is, and where else one may go."""
    names, tags = _names(repository, "refs/heads/"), _names(repository, "refs/tags/")
    return {
        "place": place,
        "branches": names[:_BRANCHES],
        "branch_count": len(names),
        "tags": tags[::-1][:_TAGS],
        "clone_url": f"{settings.PUBLIC_URL}/{repository.full_name}.git",
    }


def _names(repository: Repository, start: str) -> list[str]:
    """Short names of refs, by name; the pins of runs, of which there may be many, are not passed by."""
    return [one.name.removeprefix(start) for one in history.refs(repository, start)]


def readable(repository: Repository, found: Entry) -> str | None:
    """The text of a file; None for one that is no text, or too long to be read here."""
    if found.size > SHOWN:
        return None
    data = trees.data(repository, found.sha)
    return None if _is_binary(data) else data.decode(errors="replace")


def _text(text: str, path: str) -> Text:
    return Text(highlight.lines(text, path), any(ansi.turns(line) for line in text.split("\n")))


def _found(repository: Repository, place: Place) -> Entry:
    found = trees.find(repository, place.sha, place.path)
    if found is None:
        raise NotFound(f"{place.path} does not exist on {place.shown}.")
    return found


def _last(repository: Repository, place: Place) -> Commit:
    """The newest commit that touched what stands there."""
    found = None
    if place.path:
        found = next(
            iter(history.commits(repository, place.sha, limit=1, wanted=history.Filter(path=place.path))), None
        )
    return Commit.of(found or git.commit(repository, place.sha))


def _readme(repository: Repository, place: Place) -> tuple[str, str] | None:
    """Path and text of a folder's README; at the top the one that stands for the repository."""
    found = trees.readme(repository, place.sha, place.path or None)
    if found is None:
        return None
    data = trees.data(repository, found.sha)[:_README]
    return found.path.lstrip("/"), data.decode(errors="replace")


def _picture(path: str) -> str | None:
    return _PICTURES.get(path.rpartition(".")[2].lower())


def _is_binary(data: bytes) -> bool:
    return b"\0" in data[:8000]


def _address(repository: Repository, verb: str, place: Place) -> str:
    return f"/{repository.full_name}/{verb}/{place.quoted}"
