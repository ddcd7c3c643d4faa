"""Branches, tags and refs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import authorship
from forge.api.pagination import bare, page
from forge.api.v3 import git_shapes
from forge.api.v3.base import ApiView
from forge.api.v3.places import Place
from forge.errors import NotFound
from forge.repos import git, history
from forge.repos.models import Right

_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class BranchesView(ApiView):
    """GET /repos/{owner}/{repo}/branches"""

    permission = "contents"

    @extend_schema(operation_id="repos_list_branches", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Every branch by name; none of them is protected."""
        repository = self.repository(Right.READ)
        place = Place.of(repository, request)
        found = [] if request.GET.get("protected") == "true" else history.refs(repository, _HEADS)
        return bare(
            page(request, found), lambda one: git_shapes.branch(one.name.removeprefix(_HEADS), one.commit, place)
        )


class BranchView(ApiView):
    """GET /repos/{owner}/{repo}/branches/{branch}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_branch", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, branch: str, **_: Any) -> Response:
        """One branch with its commit."""
        repository = self.repository(Right.READ)
        found = git.resolve(repository, _HEADS + branch) if git.path(repository).exists() else None
        if found is None:
            raise NotFound("Branch not found: Not Found")
        tip = history.commit(repository, found[1])
        authors = authorship.by_address([tip["author"]["email"], tip["committer"]["email"]])
        return Response(git_shapes.branch_with_commit(branch, tip, Place.of(repository, request), authors))


class TagsView(ApiView):
    """GET /repos/{owner}/{repo}/tags"""

    permission = "contents"

    @extend_schema(operation_id="repos_list_tags", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Every tag, the last name first, as GitHub has them."""
        repository = self.repository(Right.READ)
        place = Place.of(repository, request)
        return bare(page(request, history.refs(repository, _TAGS)[::-1]), lambda one: git_shapes.tag(one, place))


class RefView(ApiView):
    """GET /repos/{owner}/{repo}/git/ref/{git_ref}"""

    permission = "contents"

    @extend_schema(operation_id="git_get_ref", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, git_ref: str, **_: Any) -> Response:
        """One ref: ``heads/main``, ``tags/v1``."""
        repository = self.repository(Right.READ)
        name = f"refs/{git_ref}"
        found = next((one for one in history.refs(repository, name) if one.name == name), None)
        if found is None:
            raise NotFound
        return Response(git_shapes.ref(found, Place.of(repository, request)))


class MatchingRefsView(ApiView):
    """GET /repos/{owner}/{repo}/git/matching-refs/{git_ref}"""

    permission = "contents"

    @extend_schema(operation_id="git_list_matching_refs", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, git_ref: str, **_: Any) -> Response:
        """Every ref whose name begins so."""
        repository = self.repository(Right.READ)
        place = Place.of(repository, request)
        return bare(
            page(request, history.matching(repository, f"refs/{git_ref}")), lambda one: git_shapes.ref(one, place)
        )
