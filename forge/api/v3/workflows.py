"""Workflows: listed, shown, switched on and off, dispatched, timed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import dispatch, switch
from forge.actions.models import Run, Workflow
from forge.actions.queries import runs as queries
from forge.actions.queries import timings
from forge.api.pagination import listed, page
from forge.api.v3 import run_shapes
from forge.api.v3.base import ApiView, body, flag, required_text
from forge.api.v3.places import Place
from forge.api.v3.runs import run_list
from forge.errors import FieldError, Invalid
from forge.repos.models import Right

#: From this version of GitHub's API on a dispatch always answers with the run.
_DETAILS_SINCE = "2026-03-10"


class WorkflowsView(ApiView):
    """GET …/actions/workflows"""

    permission = "actions"

    @extend_schema(operation_id="actions_list_repo_workflows", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Every workflow that the repository has or had."""
        repository = self.repository(Right.READ)
        at = Place.of(repository, request)
        return listed(
            page(request, queries.workflows(repository)), "workflows", lambda row: run_shapes.workflow(row, at)
        )


class WorkflowBound(ApiView):
    """Base of what concerns one workflow, named in the URL by id or file name as ``workflow_id``."""

    permission = "actions"

    def workflow(self, right: Right) -> Workflow:
        """The workflow of the URL, in the repository of the URL."""
        repository = self.repository(right)
        found = queries.workflow(repository, self.kwargs["workflow_id"])
        found.repository = repository
        return found


class WorkflowView(WorkflowBound):
    """GET …/actions/workflows/{workflow_id}"""

    @extend_schema(operation_id="actions_get_workflow", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One workflow, also when its file is gone."""
        found = self.workflow(Right.READ)
        return Response(run_shapes.workflow(found, Place.of(found.repository, request)))


class WorkflowRunsView(WorkflowBound):
    """GET …/actions/workflows/{workflow_id}/runs"""

    @extend_schema(operation_id="actions_list_workflow_runs", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The runs of a workflow, newest first; the filters are those of the repository's list."""
        return run_list(self, request, self.workflow(Right.READ))


class WorkflowEnableView(WorkflowBound):
    """PUT …/actions/workflows/{workflow_id}/enable"""

    @extend_schema(operation_id="actions_enable_workflow", request=None, responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Events start it again."""
        switch.enable(self.workflow(Right.WRITE))
        return Response(status=204)


class WorkflowDisableView(WorkflowBound):
    """PUT …/actions/workflows/{workflow_id}/disable"""

    @extend_schema(operation_id="actions_disable_workflow", request=None, responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """No event starts it until it is enabled."""
        switch.disable(self.workflow(Right.WRITE))
        return Response(status=204)


class WorkflowDispatchView(WorkflowBound):
    """POST …/actions/workflows/{workflow_id}/dispatches"""

    @extend_schema(operation_id="actions_create_workflow_dispatch", responses={204: None, 200: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """Start a run at a branch or tag. Its details are answered when asked for."""
        workflow = self.workflow(Right.WRITE)
        data = body(request)
        if flag(data, "enable_debugger"):
            raise _invalid("enable_debugger", "There is no debugger on this server; leave enable_debugger out")
        ref = required_text(data, "ref", "WorkflowDispatch")
        details = flag(data, "return_run_details")
        run = dispatch.dispatch(self.author, workflow.repository, workflow, ref, _inputs(data))
        if details or (details is None and _version(request) >= _DETAILS_SINCE):
            return Response(_details(run, Place.of(workflow.repository, request)))
        return Response(status=204)


class WorkflowTimingView(WorkflowBound):
    """GET …/actions/workflows/{workflow_id}/timing"""

    @extend_schema(operation_id="actions_get_workflow_usage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """How long the workflow's jobs ran this month, by operating system."""
        return Response(timings.of_workflow(self.workflow(Right.READ)))


def _inputs(data: dict[str, Any]) -> dict[str, object]:
    inputs = data.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        raise _invalid("inputs", "inputs must be an object")
    return inputs


def _version(request: Request) -> str:
    return str(request.headers.get("X-GitHub-Api-Version", ""))


def _details(run: Run, at: Place) -> dict[str, Any]:
    return {
        "workflow_run_id": run.pk,
        "run_url": f"{at.api}/actions/runs/{run.pk}",
        "html_url": f"{at.html}/actions/runs/{run.pk}",
    }


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [FieldError("WorkflowDispatch", field, "invalid", message)])
