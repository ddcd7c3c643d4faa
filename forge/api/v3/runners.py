"""Self-hosted runners of a repository or an organisation: listed, shown, removed; tokens to register them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import leases
from forge.actions.queries import runners as queries
from forge.api.pagination import listed, page
from forge.api.v3 import organizations
from forge.api.v3.base import ApiView
from forge.api.v3.run_shapes import DEFAULT_GROUP
from forge.api.v3.shapes import time
from forge.repos.models import Right
from forge.runners import registration
from forge.runners.models import Runner


class RunnerScope(ApiView):
    """Base: the scope is the repository of the URL, or the organisation named ``org``."""

    permission = "administration"

    def scope(self) -> dict[str, Any]:
        """``{"repository": …}`` or ``{"owner": …}``, if the actor administers it."""
        if "org" in self.kwargs:
            return {"owner": organizations.owned(self.actor, self.kwargs["org"])}
        return {"repository": self.repository(Right.ADMIN)}


class RunnersView(RunnerScope):
    """GET …/actions/runners"""

    @extend_schema(operation_id="actions_list_self_hosted_runners", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The runners registered in this scope; ``name`` finds one by its name."""
        found = queries.runners(**self.scope())
        if name := request.GET.get("name"):
            found = found.filter(name=name)
        return listed(page(request, found), "runners", shape)


class RunnerView(RunnerScope):
    """GET and DELETE …/actions/runners/{runner_id}"""

    @extend_schema(operation_id="actions_get_self_hosted_runner", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One runner."""
        return Response(shape(queries.runner(self.kwargs["runner_id"], **self.scope())))

    @extend_schema(operation_id="actions_delete_self_hosted_runner", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Its credential ends; a job that it held follows the rule of lost runners."""
        runner = queries.runner(self.kwargs["runner_id"], **self.scope())
        if registration.remove(runner):
            leases.release(runner.pk)
        return Response(status=204)


class RunnerTokenView(RunnerScope):
    """POST …/actions/runners/registration-token and …/remove-token"""

    purpose = "register"

    @extend_schema(operation_id="actions_create_registration_token", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A token for one hour."""
        token, expires_at = registration.create_token_expiring(
            **self.scope(), created_by=self.actor.account, purpose=self.purpose
        )
        return Response({"token": token, "expires_at": time(expires_at)}, status=201)


class RunnerRemoveTokenView(RunnerTokenView):
    """POST …/actions/runners/remove-token"""

    purpose = "remove"

    @extend_schema(operation_id="actions_create_remove_token", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A token with which runners take themselves away."""
        return super().post(request)


def shape(row: Runner) -> dict[str, Any]:
    """GitHub's ``runner``, of a row of ``queries.runners``."""
    given = [label for label in row.labels if label.lower() not in {one.lower() for one in _implicit(row)}]
    labels = [(name, "read-only") for name in _implicit(row)] + [(name, "custom") for name in given]
    return {
        "id": row.pk,
        "runner_group_id": DEFAULT_GROUP["id"],
        "name": row.name,
        "os": row.os.lower(),
        "status": "online" if registration.online(row) else "offline",
        "busy": row.busy,  # type: ignore[attr-defined]  # annotated by the query
        "ephemeral": row.ephemeral,
        "version": row.version or None,
        "labels": [{"id": number, "name": name, "type": kind} for number, (name, kind) in enumerate(labels, start=1)],
    }


def _implicit(row: Runner) -> tuple[str, ...]:
    return ("self-hosted", row.os, row.arch)
