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
from forge.actions import events, file_changes
from forge.api.addresses import base_url
from forge.api.middleware import api_version
from forge.api.pagination import bare, page
from forge.api.v3 import organizations, repository_lists, shapes
from forge.api.v3.base import ApiView, body, flag, required_text, text
from forge.errors import FieldError, Invalid
from forge.repos import access, repositories
from forge.repos.models import Repository, Right

#: Forge has no files to begin a repository with.
_TEMPLATES = ("gitignore_template", "license_template")


class UserRepositoriesView(ApiView):
    """GET and POST /user/repos"""

    permission = USER

    @extend_schema(operation_id="repos_list_for_authenticated_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """What one owns, works in or sees as a member. Filters: ``affiliation`` and ``visibility``, or ``type``."""
        account = self.need_account()
        rows = repository_lists.own(self.actor, account, request)
        return _list(self.actor, request, rows, sort="full_name")

    @extend_schema(operation_id="repos_create_for_authenticated_user", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """A new repository of one's own."""
        return _create(self, request, self.need_account("repo", "public_repo").login)


class OrganizationRepositoriesView(ApiView):
    """GET and POST /orgs/{org}/repos"""

    permission = {"GET": "metadata=read", "POST": "administration=write"}

    @extend_schema(operation_id="repos_list_for_org", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """What one may see of an organisation's repositories."""
        rows = access.visible(self.actor).filter(owner=organizations.named(org))
        return _list(self.actor, request, repository_lists.of_type(rows, request.GET.get("type", "")), sort="created")

    @extend_schema(operation_id="repos_create_in_org", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, org: str) -> Response:
        """A new repository of an organisation."""
        return _create(self, request, organizations.named(org).login)


class UserPublicRepositoriesView(ApiView):
    """GET /users/{username}/repos"""

    permission = "metadata"

    @extend_schema(operation_id="repos_list_for_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, username: str) -> Response:
        """What one may see of somebody's repositories; ``type`` is ``owner`` (where none is given), ``member`` for
        those of others in which they work, or ``all``."""
        rows = repository_lists.of_person(self.actor, users.find(username), request.GET.get("type", ""))
        return _list(self.actor, request, rows, sort="full_name")


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
        if flag(data, "archived"):
            raise Invalid("Repositories cannot be archived", [FieldError("Repository", "archived", "custom")])
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


def _create(view: ApiView, request: Request, owner: str) -> Response:
    data = body(request)
    for word in _TEMPLATES:
        if text(data, word):
            message = f"{word} is not supported: push the file instead"
            raise Invalid(message, [FieldError("Repository", word, "custom", message)])
    created = repositories.create(
        view.actor,
        owner,
        required_text(data, "name", "Repository"),
        private=bool(_private(data)),
        description=text(data, "description") or "",
        default_branch=text(data, "default_branch") or "main",
    )
    if flag(data, "auto_init"):
        about = f"\n{created.description}\n" if created.description else ""
        readme = f"# {created.name}\n{about}".encode()
        file_changes.put(view.actor, created, "README.md", readme, sha=None, message="Initial commit")
        created.refresh_from_db(fields=["pushed_at"])
    shown = _shown(view.actor, request, created)
    return Response(shown, status=201, headers={"Location": shown["url"]})


def _private(data: dict[str, Any]) -> bool | None:
    """``visibility`` is the newer word for ``private``; ``internal`` is private to everybody outside."""
    word = text(data, "visibility")
    if word is None:
        return flag(data, "private")
    if word not in ("public", "private", "internal"):
        message = "visibility must be public, private or internal"
        raise Invalid(message, [FieldError("Repository", "visibility", "invalid", message)])
    return word != "public"


def _list(actor: Actor, request: Request, rows: QuerySet[Repository], *, sort: str) -> Response:
    shown = page(request, repository_lists.ordered(rows, request, sort))
    base, rights = base_url(request._request), access.rights_of(actor, shown.rows)
    return bare(shown, lambda row: _of_version(request, shapes.repository_item(row, base, rights[row.pk])))


def _shown(actor: Actor, request: Request, repository: Repository) -> dict[str, Any]:
    base = base_url(request._request)
    shown = shapes.full_repository(repository, base, access.right_of(actor, repository))
    if repository.owner.kind == Kind.ORGANIZATION:
        shown["organization"] = shapes.simple_user(repository.owner, base)
    return _of_version(request, shown)


def _of_version(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """Without what the newer version of the API has no more."""
    if api_version(request._request) >= "2026-03-10":
        shown.pop("has_downloads", None)
    return shown
