"""Commits, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import authorship, users
from forge.api.negotiation import wants
from forge.api.pagination import window
from forge.api.v3 import git_shapes
from forge.api.v3.base import ApiView
from forge.api.v3.bodies import moment
from forge.api.v3.contents import resolved
from forge.api.v3.places import Place
from forge.errors import Conflict, NotFound
from forge.repos import diffs, git, history
from forge.repos.history import Filter
from forge.repos.models import Repository, Right

#: Commits that are counted for the address of the last page; a longer list has none.
_COUNTED = 10_000
#: Files of a commit on one page, as on GitHub.
_FILES = 300


class CommitsView(ApiView):
    """GET /repos/{owner}/{repo}/commits"""

    permission = "contents"

    @extend_schema(operation_id="repos_list_commits", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Newest first, from ``?sha=`` (branch, tag or commit; the default branch). ``path``, ``author``, ``since``
        and ``until`` narrow them down."""
        repository = self.repository(Right.READ)
        start = _start(repository, request)
        wanted = _filter(request)
        cut = window(request)
        rows = history.commits(repository, start, skip=cut.start, limit=cut.per_page, wanted=wanted)
        full = len(rows) == cut.per_page  # only then there may be more
        total = history.count(repository, start, most=_COUNTED, wanted=wanted) if full else 0
        more = full and (total >= _COUNTED or total > cut.start + len(rows))
        headers = cut.links(request, more=more, total=total if total < _COUNTED else None)
        return Response(shaped(rows, Place.of(repository, request)), headers=headers)


class CommitView(ApiView):
    """GET /repos/{owner}/{repo}/commits/{ref}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_commit", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, ref: str, **_: Any) -> HttpResponseBase:
        """The commit that branch, tag or id names, with its files; with the media type ``sha`` its id alone."""
        repository = self.repository(Right.READ)
        sha = resolved(repository, ref)
        if wants(request, "sha"):
            return HttpResponse(sha, content_type="application/vnd.github.sha; charset=utf-8")
        found = history.commit(repository, sha)
        parent = next(iter(found["parents"]), None)
        files = diffs.files(repository, parent, sha)
        cut = window(request, default=_FILES)
        shown = diffs.with_patches(repository, parent, sha, files[cut.start : cut.start + cut.per_page])
        place = Place.of(repository, request)
        more = len(files) > cut.start + len(shown)
        return Response(
            {
                **shaped([found], place)[0],
                "stats": git_shapes.stats(files),
                "files": [git_shapes.file_change(one, sha, place) for one in shown],
            },
            headers=cut.links(request, more=more, total=len(files)),
        )


def shaped(rows: Sequence[dict[str, Any]], place: Place) -> list[dict[str, Any]]:
    """Commits with the accounts of those who made them."""
    people = {one[word]["email"] for one in rows for word in ("author", "committer")}
    authors = authorship.by_address(people)
    return [git_shapes.commit(one, place, authors) for one in rows]


def _start(repository: Repository, request: Request) -> str:
    name = request.GET.get("sha", "")
    there = git.path(repository).exists()
    if not name and (not there or git.resolve(repository, f"refs/heads/{repository.default_branch}") is None):
        raise Conflict("Git Repository is empty.")
    return resolved(repository, name or repository.default_branch)


def _filter(request: Request) -> Filter:
    since, until = (request.GET.get(word, "") for word in ("since", "until"))
    return Filter(
        path=request.GET.get("path", ""),
        since=moment(since, "since") if since else None,
        until=moment(until, "until") if until else None,
        authors=_authors(request.GET.get("author", "")),
    )


def _authors(given: str) -> list[str] | None:
    """The addresses of a login, or the one that is given."""
    if not given:
        return None
    if "@" in given:
        return [given]
    try:
        return authorship.addresses(users.find(given))
    except NotFound:
        return []
