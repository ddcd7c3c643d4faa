"""Repositories: created, listed, shown, changed, deleted."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Kind
from forge.accounts.needs import USER
from forge.actions import events
from forge.api.addresses import base_url
from forge.api.pagination import bare, page
from forge.api.v3 import shapes
from forge.api.v3.base import ApiView, body, flag, required_text, text
from forge.errors import NotFound
from forge.repos import access, repositories
from forge.repos.models import Repository, Right

_SORTS = {"full_name": "name_key", "created": "created_at", "updated": "updated_at", "pushed": "pushed_at"}


class UserRepositoriesView(ApiView):
    """GET and POST /user/repos"""

    permission = USER

    @extend_schema(operation_id="repos_list_for_authenticated_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """What one owns, works in or sees as a member."""
        account = self.need_account()
        own = access.own(self.actor)
        if request.GET.get("type") == "owner" or request.GET.get("affiliation") == "owner":
            own = own.filter(owner=account)
        return _list(self.actor, request, own)

    @extend_schema(operation_id="repos_create_for_authenticated_user", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """A new repository of one's own."""
        return _create(self.actor, request, self.need_account().login)


class OrganizationRepositoriesView(ApiView):
    """GET and POST /orgs/{org}/repos"""

    permission = {"GET": "metadata=read", "POST": "administration=write"}

    @extend_schema(operation_id="repos_list_for_org", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """What one may see of an organisation's repositories."""
        return _list(self.actor, request, access.visible(self.actor).filter(owner=_organization(org)))

    @extend_schema(operation_id="repos_create_in_org", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, org: str) -> Response:
        """A new repository of an organisation."""
        return _create(self.actor, request, _organization(org).login)


class UserPublicRepositoriesView(ApiView):
    """GET /users/{username}/repos"""

    permission = "metadata"

    @extend_schema(operation_id="repos_list_for_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, username: str) -> Response:
        """What one may see of somebody's repositories."""
        return _list(self.actor, request, access.visible(self.actor).filter(owner=users.find(username)))


class RepositoryView(ApiView):
    """GET, PATCH and DELETE /repos/{owner}/{repo}"""

    permission = {"GET": "metadata=read", "PATCH": "administration=write", "DELETE": "administration=write"}

    @extend_schema(operation_id="repos_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One repository."""
        return Response(_shown(self.actor, request, self.repository(Right.READ)))

    @extend_schema(operation_id="repos_update", responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, **_: Any) -> Response:
        """Change what the body gives."""
        repository = self.repository(Right.ADMIN)
        data, branch = body(request), repository.default_branch
        changed = repositories.update(
            self.actor,
            repository,
            name=text(data, "name"),
            private=_private(data),
            description=text(data, "description", "" if "description" in data else None),
            default_branch=text(data, "default_branch"),
        )
        if changed.default_branch != branch:
            events.default_branch_changed(changed, self.author)
        return Response(_shown(self.actor, request, changed))

    @extend_schema(operation_id="repos_delete", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Gone for everybody at once; its jobs are ended and its files removed in the background."""
        repositories.delete(self.actor, self.repository(Right.ADMIN))
        return Response(status=204)


def _organization(login: str) -> Any:
    account = users.find(login)
    if account.kind != Kind.ORGANIZATION:
        raise NotFound
    return account


def _create(actor: Actor, request: Request, owner: str) -> Response:
    data = body(request)
    created = repositories.create(
        actor,
        owner,
        required_text(data, "name", "Repository"),
        private=bool(_private(data)),
        description=text(data, "description") or "",
        default_branch=text(data, "default_branch") or "main",
    )
    shown = _shown(actor, request, created)
    return Response(shown, status=201, headers={"Location": shown["url"]})


def _private(data: dict[str, Any]) -> bool | None:
    """``visibility`` is the newer word for ``private``; ``internal`` is private to everybody outside."""
    word = text(data, "visibility")
    if word in ("public", "private", "internal"):
        return word != "public"
    return flag(data, "private")


def _list(actor: Actor, request: Request, rows: QuerySet[Repository]) -> Response:
    sort = _SORTS.get(request.GET.get("sort", ""), "name_key")
    down = request.GET.get("direction", "asc" if sort == "name_key" else "desc") == "desc"
    if request.GET.get("visibility", request.GET.get("type")) in ("public", "private"):
        rows = rows.filter(private="private" in (request.GET.get("visibility"), request.GET.get("type")))
    shown = page(request, rows.order_by(f"-{sort}" if down else sort, "pk"))
    base = base_url(request._request)
    return bare(shown, lambda row: shapes.repository_item(row, base, access.right_of(actor, row)))


def _shown(actor: Actor, request: Request, repository: Repository) -> dict[str, Any]:
    base = base_url(request._request)
    shown = shapes.full_repository(repository, base, access.right_of(actor, repository))
    if repository.owner.kind == Kind.ORGANIZATION:
        shown["organization"] = shapes.simple_user(repository.owner, base)
    return shown
