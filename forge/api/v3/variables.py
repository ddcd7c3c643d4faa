"""Variables of repositories, organisations and environments: listed, created, shown, changed, deleted."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import base_url
from forge.api.pagination import listed, page
from forge.api.v3.base import body, required_text, text
from forge.api.v3.vault_scopes import OfEnvironment, OfOrganization, OfRepository, VaultView
from forge.api.v3.vault_shapes import shared, variable
from forge.errors import FieldError, Invalid
from forge.repos.models import Right
from forge.vault import queries, variables
from forge.vault.models import Variable
from forge.vault.scopes import Scope


class Variables(VaultView):
    """GET and POST …/variables"""

    permission = "actions_variables"

    def get(self, request: Request, **_: Any) -> Response:
        """All of them with their values."""
        scope, found = self.scope(), queries.entries
        return listed(page(request, found(Variable, scope)), "variables", lambda row: shown(row, scope, request))

    @extend_schema(responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A new one; 409 when there is one of this name."""
        scope, data = self.scope(), body(request)
        value = text(data, "value")
        if value is None:
            raise Invalid("Validation Failed", [FieldError("Variable", "value", "missing_field")])
        name = required_text(data, "name", "Variable")
        variables.create(self.actor, scope, name, value, self.access(data, required=True))
        return Response({}, status=201)


class OneVariable(VaultView):
    """GET, PATCH and DELETE …/variables/{name}"""

    permission = "actions_variables"

    def get(self, request: Request, **_: Any) -> Response:
        """One with its value."""
        scope = self.scope()
        return Response(shown(queries.entry(Variable, scope, self.kwargs["name"]), scope, request))

    @extend_schema(responses={204: None})
    def patch(self, request: Request, **_: Any) -> Response:
        """Change what the body gives, the name as well."""
        scope, data = self.scope(), body(request)
        variables.update(
            self.actor,
            scope,
            self.kwargs["name"],
            new_name=text(data, "name"),
            value=text(data, "value"),
            access=self.access(data, required=False),
        )
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Take it away."""
        variables.delete(self.actor, self.scope(), self.kwargs["name"])
        return Response(status=204)


class RepositoryVariablesView(OfRepository, Variables):
    """GET and POST /repos/{owner}/{repo}/actions/variables"""

    operation_ids = {"GET": "actions_list_repo_variables", "POST": "actions_create_repo_variable"}


class RepositoryVariableView(OfRepository, OneVariable):
    """GET, PATCH and DELETE /repos/{owner}/{repo}/actions/variables/{name}"""

    operation_ids = {
        "GET": "actions_get_repo_variable",
        "PATCH": "actions_update_repo_variable",
        "DELETE": "actions_delete_repo_variable",
    }


class EnvironmentVariablesView(OfEnvironment, Variables):
    """GET and POST …/environments/{environment_name}/variables"""

    operation_ids = {"GET": "actions_list_environment_variables", "POST": "actions_create_environment_variable"}


class EnvironmentVariableView(OfEnvironment, OneVariable):
    """GET, PATCH and DELETE …/environments/{environment_name}/variables/{name}"""

    operation_ids = {
        "GET": "actions_get_environment_variable",
        "PATCH": "actions_update_environment_variable",
        "DELETE": "actions_delete_environment_variable",
    }


class OrganizationVariablesView(OfOrganization, Variables):
    """GET and POST /orgs/{org}/actions/variables"""

    permission = "organization_actions_variables"
    operation_ids = {"GET": "actions_list_org_variables", "POST": "actions_create_org_variable"}


class OrganizationVariableView(OfOrganization, OneVariable):
    """GET, PATCH and DELETE /orgs/{org}/actions/variables/{name}"""

    permission = "organization_actions_variables"
    operation_ids = {
        "GET": "actions_get_org_variable",
        "PATCH": "actions_update_org_variable",
        "DELETE": "actions_delete_org_variable",
    }


class SharedVariablesView(OfRepository):
    """GET /repos/{owner}/{repo}/actions/organization-variables"""

    permission = "actions_variables"
    operation_ids = {"GET": "actions_list_repo_organization_variables"}

    def get(self, request: Request, **_: Any) -> Response:
        """What the organisation shares with the repository."""
        found = queries.shared_with(Variable, self.repository(Right.WRITE))
        return listed(page(request, found), "variables", variable)


def shown(row: Variable, scope: Scope, request: Request) -> dict[str, Any]:
    """A variable with what its scope adds."""
    if scope.kind != "organization":
        return variable(row)
    return variable(row) | shared(row, str(scope.holder), base_url(request._request))
