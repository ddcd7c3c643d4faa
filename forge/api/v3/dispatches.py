"""Events from outside: POST …/dispatches."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import dispatch
from forge.api.v3.base import ApiView, body, required_text
from forge.errors import FieldError, Invalid
from forge.repos.models import Right


class RepositoryDispatchView(ApiView):
    """POST …/dispatches"""

    permission = "contents"

    @extend_schema(operation_id="repos_create_dispatch_event", responses={204: None})
    def post(self, request: Request, **_: Any) -> Response:
        """Start every workflow on the default branch that listens to this type of repository_dispatch."""
        repository = self.repository(Right.WRITE)
        data = body(request)
        event_type = required_text(data, "event_type", "RepositoryDispatch")
        dispatch.repository_dispatch(self.author, repository, event_type, _payload(data))
        return Response(status=204)


def _payload(data: dict[str, Any]) -> dict[str, Any]:
    payload = data.get("client_payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        message = "client_payload must be an object"
        raise Invalid(message, [FieldError("RepositoryDispatch", "client_payload", "invalid", message)])
    return payload
