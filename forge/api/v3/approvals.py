"""What a run waits for, and who lets it go on: reviewers, integrations, maintainers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import approve, deployments
from forge.actions.models import PendingDeployment, Run
from forge.api.pagination import bare, page
from forge.api.v3 import environment_shapes as shapes
from forge.api.v3.base import body, required_text, text
from forge.api.v3.places import Place
from forge.api.v3.runs import RunBound
from forge.api.v3.vault_scopes import numbers
from forge.environments import rules
from forge.errors import FieldError, Forbidden, Invalid
from forge.repos.models import Right


class RunApprovalsView(RunBound):
    """GET …/actions/runs/{run_id}/approvals"""

    @extend_schema(operation_id="actions_get_reviews_for_run", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """What reviewers have said of the environments of this run."""
        run = self.run(Right.READ)
        at = Place.of(run.repository, request)
        found = run.reviews.select_related("user").prefetch_related("environments").order_by("id")
        return bare(page(request, found), lambda one: shapes.review(one, at))


class RunPendingDeploymentsView(RunBound):
    """GET and POST …/actions/runs/{run_id}/pending_deployments"""

    permission = {"GET": "actions=read", "POST": "deployments=write"}

    @extend_schema(operation_id="actions_get_pending_deployments_for_run", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The environments for which jobs of this run wait."""
        run = self.run(Right.READ)
        return Response(self._pending(run, Place.of(run.repository, request)))

    @extend_schema(operation_id="actions_review_pending_deployments_for_run", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, **_: Any) -> Response:
        """A reviewer approves or rejects what waits for these environments; reading the repository is enough."""
        run, data = _reviewed(self), body(request)
        ids = numbers(data, "environment_ids", required=True) or []
        state, comment = required_text(data, "state", "Deployment"), text(data, "comment")
        if comment is None:
            raise Invalid("Validation Failed", [FieldError("Deployment", "comment", "missing_field")])
        decided = approve.review(self.actor, run, ids, state, comment)
        at = Place.of(run.repository, request)
        return Response([shapes.deployment(one, run, at) for one in decided])

    def _pending(self, run: Run, at: Place) -> list[dict[str, Any]]:
        attempt, first = run.latest_attempt, dict[int | None, PendingDeployment]()
        for one in deployments.waiting(run):
            first.setdefault(one.environment_id, one)
        started_by = attempt.triggering_actor if attempt else None
        return [
            shapes.pending(
                one.environment,
                one,
                at,
                may_review=rules.may_review(one.environment, self.actor.account, started_by),
            )
            for one in first.values()
            if one.environment is not None
        ]


class RunProtectionRuleView(RunBound):
    """POST …/actions/runs/{run_id}/deployment_protection_rule"""

    permission = "deployments"

    @extend_schema(operation_id="actions_review_custom_gates_for_run", responses={204: None})
    def post(self, request: Request, **_: Any) -> Response:
        """An integration approves or rejects, as a rule of the environment that it names."""
        run, data = _reviewed(self), body(request)
        name = required_text(data, "environment_name", "Deployment")
        state = required_text(data, "state", "Deployment")
        approve.rule(self.actor, run, name, state, text(data, "comment", "") or "")
        return Response(status=204)


class RunApproveView(RunBound):
    """POST …/actions/runs/{run_id}/approve"""

    @extend_schema(operation_id="actions_approve_workflow_run", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """Let a run go on that waits as a whole for an approval; 403 for any other."""
        approve.run(self.actor, self.run(Right.WRITE))
        return Response({}, status=201)


def _reviewed(view: RunBound) -> Run:
    """The run of the URL, for a person or program whose token may write: reading is enough, looking is not."""
    run = view.run(Right.READ)
    view.need_account("repo", "repo:write", "public_repo")
    if view.actor.only_repository_id not in (None, run.repository_id):
        raise Forbidden("This token is bound to another repository")
    return run
