"""What GITHUB_TOKEN may do where a workflow file says nothing: read and set, of a repository or organisation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.v3 import organizations
from forge.api.v3.base import ApiView, body, flag, text
from forge.repos import workflow_permissions
from forge.repos.models import Right
from forge.repos.workflow_permissions import Setting


class WorkflowPermissionsView(ApiView):
    """GET and PUT /repos/{owner}/{repo}/actions/permissions/workflow"""

    permission = "administration"

    @extend_schema(
        operation_id="actions_get_github_actions_default_workflow_permissions_repository",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, **_: Any) -> Response:
        """The setting that holds, its organisation's limit applied."""
        return Response(_shape(workflow_permissions.of(self.repository(Right.ADMIN))))

    @extend_schema(
        operation_id="actions_set_github_actions_default_workflow_permissions_repository", responses={204: None}
    )
    def put(self, request: Request, **_: Any) -> Response:
        """Change what the body gives; 409 when the organisation does not allow it."""
        workflow_permissions.change(self.repository(Right.ADMIN), **_wanted(request))
        return Response(status=204)


class OrganizationWorkflowPermissionsView(ApiView):
    """GET and PUT /orgs/{org}/actions/permissions/workflow"""

    permission = "organization_administration"

    @extend_schema(
        operation_id="actions_get_github_actions_default_workflow_permissions_organization",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, org: str) -> Response:
        """The most that its repositories may choose."""
        return Response(_shape(workflow_permissions.of_organization(organizations.owned(self.actor, org))))

    @extend_schema(
        operation_id="actions_set_github_actions_default_workflow_permissions_organization", responses={204: None}
    )
    def put(self, request: Request, org: str) -> Response:
        """Change what the body gives, for all its repositories at once."""
        workflow_permissions.change_organization(organizations.owned(self.actor, org), **_wanted(request))
        return Response(status=204)


def _wanted(request: Request) -> dict[str, Any]:
    data = body(request)
    return {
        "default": text(data, "default_workflow_permissions"),
        "can_approve": flag(data, "can_approve_pull_request_reviews"),
    }


def _shape(setting: Setting) -> dict[str, Any]:
    return {
        "default_workflow_permissions": setting.default,
        "can_approve_pull_request_reviews": setting.can_approve,
    }
