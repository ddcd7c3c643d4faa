"""Who works in a repository."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.models import Account
from forge.api.addresses import base_url
from forge.api.pagination import bare, page
from forge.api.v3 import shapes
from forge.api.v3.base import ApiView, body, text
from forge.errors import Forbidden, Invalid, NotFound
from forge.repos import access, collaborators
from forge.repos.models import Repository, Right

_ADMINISTRATION = {"GET": "metadata=read", "PUT": "administration=write", "DELETE": "administration=write"}


class CollaboratorsView(ApiView):
    """GET /repos/{owner}/{repo}/collaborators"""

    permission = "administration"

    @extend_schema(operation_id="repos_list_collaborators", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Everybody who may work there, with what they may do: for those who may write. ``affiliation`` is ``all``,
        ``direct`` or ``outside``; ``permission`` one of GitHub's words."""
        repository = self.repository(Right.WRITE)
        affiliation = request.GET.get("affiliation", "all")
        if affiliation not in collaborators.AFFILIATIONS:
            raise Invalid(f"affiliation must be one of {', '.join(collaborators.AFFILIATIONS)}")
        rows = collaborators.listed(repository, affiliation)
        if word := request.GET.get("permission", ""):
            if word not in collaborators.WORDS:
                raise Invalid(f"permission must be one of {', '.join(collaborators.WORDS)}")
            rows = rows.filter(pk__in=_holding(repository, rows, collaborators.WORDS[word]))
        shown = page(request, rows)
        rights = collaborators.rights(repository, shown.rows)
        base = base_url(request._request)
        return bare(shown, lambda one: shapes.collaborator(one, base, rights[one.pk]))


class CollaboratorView(ApiView):
    """GET, PUT and DELETE /repos/{owner}/{repo}/collaborators/{username}"""

    permission = _ADMINISTRATION

    @extend_schema(operation_id="repos_check_collaborator", responses={204: None})
    def get(self, request: Request, username: str, **_: Any) -> Response:
        """204 for one of them, 404 for anybody else."""
        repository = self.repository(Right.READ)
        account = _asked_about(self, repository, username)
        if not collaborators.is_one(repository, account):
            raise NotFound(f"{username} is not a user of this repository: Not Found")
        return Response(status=204)

    @extend_schema(operation_id="repos_add_collaborator", responses={204: None})
    def put(self, request: Request, username: str, **_: Any) -> Response:
        """Let somebody work there at once, without an invitation; ``permission`` is ``push`` where none is given."""
        repository = self.repository(Right.ADMIN)
        word = text(body(request), "permission") or "push"
        collaborators.put(self.actor, repository, collaborators.find(username), word)
        return Response(status=204)

    @extend_schema(operation_id="repos_remove_collaborator", responses={204: None})
    def delete(self, request: Request, username: str, **_: Any) -> Response:
        """Take the right away. Everybody may leave."""
        repository = self.repository(Right.READ)
        collaborators.remove(self.actor, repository, collaborators.find(username))
        return Response(status=204)


class CollaboratorPermissionView(ApiView):
    """GET /repos/{owner}/{repo}/collaborators/{username}/permission"""

    permission = "metadata"

    @extend_schema(operation_id="repos_get_collaborator_permission_level", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, username: str, **_: Any) -> Response:
        """What somebody may do: ``admin``, ``write``, ``read`` or ``none``."""
        repository = self.repository(Right.READ)
        account = _asked_about(self, repository, username)
        right = collaborators.rights(repository, [account])[account.pk]
        word = right.name.lower()
        user = shapes.collaborator(account, base_url(request._request), right)
        return Response({"permission": word, "role_name": word, "user": user})


def _asked_about(view: ApiView, repository: Repository, username: str) -> Account:
    """Somebody whose rights the actor may know: those who may write ask about all, everybody about himself, and a
    job in its own repository about all."""
    actor = view.actor
    oneself = actor.account is not None and actor.account.login_key == username.lower()
    own_job = actor.kind == "job" and actor.only_repository_id == repository.pk
    if not (oneself or own_job or access.right_of(actor, repository) >= Right.WRITE):
        raise Forbidden(
            f"You need write access to {repository.full_name} for this", access.accepted(repository, Right.WRITE)
        )
    return collaborators.find(username)


def _holding(repository: Repository, rows: QuerySet[Account], right: Right) -> list[int]:
    """Those of them who have just this right."""
    return [pk for pk, one in collaborators.rights(repository, rows).items() if one == right]
