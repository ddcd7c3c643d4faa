"""Which repositories of an organisation may: run workflows, and have runners of their own."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import api_url, base_url
from forge.api.pagination import listed, page
from forge.api.v3 import organizations, shapes
from forge.api.v3.base import ApiView, body, required_text
from forge.api.v3.vault_scopes import numbers
from forge.repos import policies
from forge.repos.models import Right


class RunnersPolicyView(ApiView):
    """GET and PUT /orgs/{org}/actions/permissions/self-hosted-runners"""

    permission = "organization_administration"

    @extend_schema(
        operation_id="actions_get_self_hosted_runners_permissions_organization", responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, org: str) -> Response:
        """Which repositories may have runners of their own."""
        word = policies.of(organizations.owned(self.actor, org)).runner_repositories
        url = f"{api_url(request._request)}/orgs/{org}/actions/permissions/self-hosted-runners/repositories"
        chosen = {"selected_repositories_url": url} if word == policies.Enabled.SELECTED else {}
        return Response({"enabled_repositories": word, **chosen})

    @extend_schema(operation_id="actions_set_self_hosted_runners_permissions_organization", responses={204: None})
    def put(self, request: Request, org: str) -> Response:
        """Choose it."""
        organization = organizations.owned(self.actor, org)
        word = required_text(body(request), "enabled_repositories", "SelfHostedRunners")
        policies.check_enabled(word, "enabled_repositories")
        policies.change(self.actor, organization, {"runner_repositories": word})
        return Response(status=204)


class PolicyRepositoriesView(ApiView):
    """GET and PUT /orgs/{org}/actions/permissions/repositories"""

    permission = "organization_administration"
    selection: ClassVar[str] = "selected_repositories"
    operation_ids: ClassVar[dict[str, str]] = {
        "GET": "actions_list_selected_repositories_enabled_github_actions_organization",
        "PUT": "actions_set_selected_repositories_enabled_github_actions_organization",
    }

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """The selected ones; 409 while the setting is another word."""
        found = policies.selected(organizations.owned(self.actor, org), self.selection)
        base = base_url(request._request)
        # Whoever administers the organisation administers its repositories.
        return listed(page(request, found), "repositories", lambda one: shapes.repository_item(one, base, Right.ADMIN))

    @extend_schema(responses={204: None})
    def put(self, request: Request, org: str) -> Response:
        """Select these and no others."""
        organization = organizations.owned(self.actor, org)
        chosen = numbers(body(request), "selected_repository_ids", required=True)
        policies.select(self.actor, organization, self.selection, chosen or [])
        return Response(status=204)


class PolicyRepositoryView(ApiView):
    """PUT and DELETE /orgs/{org}/actions/permissions/repositories/{repository_id}"""

    permission = "organization_administration"
    selection: ClassVar[str] = "selected_repositories"
    operation_ids: ClassVar[dict[str, str]] = {
        "PUT": "actions_enable_selected_repository_github_actions_organization",
        "DELETE": "actions_disable_selected_repository_github_actions_organization",
    }

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, org: str, repository_id: int) -> Response:
        """Select it too."""
        return self._change(org, repository_id, on=True)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, org: str, repository_id: int) -> Response:
        """Select it no longer."""
        return self._change(org, repository_id, on=False)

    def _change(self, org: str, repository_id: int, *, on: bool) -> Response:
        organization = organizations.owned(self.actor, org)
        policies.select_one(self.actor, organization, self.selection, repository_id, on=on)
        return Response(status=204)


class RunnerRepositoriesView(PolicyRepositoriesView):
    """GET and PUT /orgs/{org}/actions/permissions/self-hosted-runners/repositories"""

    selection = "selected_runner_repositories"
    operation_ids = {
        "GET": "actions_list_selected_repositories_self_hosted_runners_organization",
        "PUT": "actions_set_selected_repositories_self_hosted_runners_organization",
    }


class RunnerRepositoryView(PolicyRepositoryView):
    """PUT and DELETE /orgs/{org}/actions/permissions/self-hosted-runners/repositories/{repository_id}"""

    selection = "selected_runner_repositories"
    operation_ids = {
        "PUT": "actions_enable_selected_repository_self_hosted_runners_organization",
        "DELETE": "actions_disable_selected_repository_self_hosted_runners_organization",
    }
