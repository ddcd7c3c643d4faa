"""Who may call the workflows of a private repository."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.v3.base import ApiView, body, text
from forge.repos import workflow_access
from forge.repos.models import Right


class WorkflowAccessView(ApiView):
    """GET and PUT /repos/{owner}/{repo}/actions/permissions/access"""

    permission = "administration"

    @extend_schema(operation_id="actions_get_workflow_access_to_repository", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Who may, in GitHub's words."""
        return Response({"access_level": self.repository(Right.ADMIN).workflow_access})

    @extend_schema(operation_id="actions_set_workflow_access_to_repository", responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Say who may."""
        workflow_access.change(self.repository(Right.ADMIN), text(body(request), "access_level"))
        return Response(status=204)
