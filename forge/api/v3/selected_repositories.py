"""Which repositories may use a secret or variable of an organisation whose visibility is ``selected``."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import base_url
from forge.api.pagination import listed, page
from forge.api.v3 import shapes
from forge.api.v3.base import body
from forge.api.v3.vault_scopes import OfOrganization, numbers
from forge.errors import Conflict
from forge.vault import queries, selection
from forge.vault.models import Secret, Variable, Visibility


class Selection(OfOrganization):
    """Base: the secret or variable of the URL."""

    permission = "organization_secrets"
    model: ClassVar[type[Secret] | type[Variable]] = Secret
    part = "secret_name"

    def entry(self) -> Secret | Variable:
        """The row, for an owner of the organisation."""
        scope, name = self.scope(), self.kwargs[self.part]
        return queries.entry(Secret, scope, name) if self.model is Secret else queries.entry(Variable, scope, name)


class Repositories(Selection):
    """GET and PUT …/{name}/repositories"""

    def get(self, request: Request, **_: Any) -> Response:
        """The selected ones. GitHub documents 409 for variables of another visibility, none for secrets."""
        row, base = self.entry(), base_url(request._request)
        if isinstance(row, Variable) and row.visibility != Visibility.SELECTED:
            raise Conflict(f"The visibility of {row.name} is {row.visibility}, not selected")
        found = selection.repositories(row)
        return listed(page(request, found), "repositories", lambda one: shapes.minimal_repository(one, base))

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Select these and no others."""
        row = self.entry()
        chosen = numbers(body(request), "selected_repository_ids", required=True)
        selection.replace(self.actor, row, chosen or [])
        return Response(status=204)


class OneRepository(Selection):
    """PUT and DELETE …/{name}/repositories/{repository_id}"""

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Select it too."""
        selection.add(self.actor, self.entry(), self.kwargs["repository_id"])
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Select it no longer."""
        selection.remove(self.actor, self.entry(), self.kwargs["repository_id"])
        return Response(status=204)


class SecretRepositoriesView(Repositories):
    """GET and PUT /orgs/{org}/actions/secrets/{secret_name}/repositories"""

    operation_ids = {
        "GET": "actions_list_selected_repos_for_org_secret",
        "PUT": "actions_set_selected_repos_for_org_secret",
    }


class SecretRepositoryView(OneRepository):
    """PUT and DELETE /orgs/{org}/actions/secrets/{secret_name}/repositories/{repository_id}"""

    operation_ids = {
        "PUT": "actions_add_selected_repo_to_org_secret",
        "DELETE": "actions_remove_selected_repo_from_org_secret",
    }


class VariableRepositoriesView(Repositories):
    """GET and PUT /orgs/{org}/actions/variables/{name}/repositories"""

    permission = "organization_actions_variables"
    model, part = Variable, "name"
    operation_ids = {
        "GET": "actions_list_selected_repos_for_org_variable",
        "PUT": "actions_set_selected_repos_for_org_variable",
    }


class VariableRepositoryView(OneRepository):
    """PUT and DELETE /orgs/{org}/actions/variables/{name}/repositories/{repository_id}"""

    permission = "organization_actions_variables"
    model, part = Variable, "name"
    operation_ids = {
        "PUT": "actions_add_selected_repo_to_org_variable",
        "DELETE": "actions_remove_selected_repo_from_org_variable",
    }
