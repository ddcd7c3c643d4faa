"""Environments of a repository: listed, shown, made, deleted. They have no protection rules yet."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.pagination import listed, page
from forge.api.v3.base import ApiView, body
from forge.api.v3.places import Place
from forge.api.v3.vault_shapes import environment
from forge.environments import environments
from forge.errors import FieldError, Invalid
from forge.repos.models import Right
from forge.vault import removal

#: What a body may ask for, and the kind of what asks for nothing.
_RULES: dict[str, type] = {
    "wait_timer": int,
    "prevent_self_review": bool,
    "reviewers": list,
    "deployment_branch_policy": dict,
}


class EnvironmentsView(ApiView):
    """GET /repos/{owner}/{repo}/environments"""

    permission = "actions"

    @extend_schema(operation_id="repos_get_all_environments", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """All of them, by name."""
        repository = self.repository(Right.READ)
        place = Place.of(repository, request)
        found = environments.of_repository(repository)
        return listed(page(request, found), "environments", lambda row: environment(row, place))


class EnvironmentView(ApiView):
    """GET, PUT and DELETE /repos/{owner}/{repo}/environments/{environment_name}"""

    permission = {"GET": "actions=read", "PUT": "administration=write", "DELETE": "administration=write"}

    @extend_schema(operation_id="repos_get_environment", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One by its name."""
        repository = self.repository(Right.READ)
        row = environments.find(repository, self.kwargs["environment_name"])
        return Response(environment(row, Place.of(repository, request)))

    @extend_schema(operation_id="repos_create_or_update_environment", responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, **_: Any) -> Response:
        """Make it, or save it again."""
        repository = self.repository(Right.ADMIN)
        _check_rules(body(request))
        row = environments.put(repository, self.kwargs["environment_name"])
        return Response(environment(row, Place.of(repository, request)))

    @extend_schema(operation_id="repos_delete_an_environment", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Take it away with its secrets and variables."""
        repository = self.repository(Right.ADMIN)
        removal.environment(self.actor, environments.find(repository, self.kwargs["environment_name"]))
        return Response(status=204)


def _check_rules(data: dict[str, Any]) -> None:
    """Refuse what asks for a protection rule: better no environment than one that protects nothing."""
    for name, kind in _RULES.items():
        value = data.get(name)
        if value is None:
            continue
        if type(value) is not kind:
            raise Invalid(f"{name} is of the wrong type", [FieldError("Environment", name, "invalid")])
        if value:
            reason = f"{name} is not supported: Forge has no protection rules of environments yet. Leave it out."
            raise Invalid(reason, [FieldError("Environment", name, "custom", reason)])
