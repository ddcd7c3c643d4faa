"""Workflow runs, jobs, workflows and their logs, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import run_logs
from forge.api.v3.approvals import RunApprovalsView, RunApproveView, RunPendingDeploymentsView, RunProtectionRuleView
from forge.api.v3.base import repository_routes
from forge.api.v3.checks import CheckRunAnnotationsView, RunAnnotationsView
from forge.api.v3.description import DescriptionView
from forge.api.v3.feed_tokens import FeedTokenView
from forge.api.v3.jobs import AttemptJobsView, JobLogsView, JobRerunView, JobView, RunJobsView
from forge.api.v3.runs import (
    AttemptLogsView,
    AttemptView,
    RunCancelView,
    RunForceCancelView,
    RunLogsView,
    RunRerunFailedView,
    RunRerunView,
    RunsView,
    RunTimingView,
    RunView,
)
from forge.api.v3.workflow_access import WorkflowAccessView
from forge.api.v3.workflow_permissions import OrganizationWorkflowPermissionsView, WorkflowPermissionsView
from forge.api.v3.workflows import (
    WorkflowDisableView,
    WorkflowDispatchView,
    WorkflowEnableView,
    WorkflowRunsView,
    WorkflowsView,
    WorkflowTimingView,
    WorkflowView,
)

_RUN = "actions/runs/<int:run_id>"
_JOB = "actions/jobs/<int:job_id>"
_WORKFLOW = "actions/workflows/<path:workflow_id>"  # a path: clients may encode a slash in it

urlpatterns: list[URLPattern | URLResolver] = [
    path("openapi.json", DescriptionView.as_view()),
    path("signed/logs/<str:token>", run_logs.signed),
    path("orgs/<str:org>/actions/permissions/workflow", OrganizationWorkflowPermissionsView.as_view()),
    *repository_routes(
        ("actions/permissions/access", WorkflowAccessView),
        ("actions/permissions/workflow", WorkflowPermissionsView),
        ("actions/feed-token", FeedTokenView),
        ("actions/runs", RunsView),
        (_RUN, RunView),
        (f"{_RUN}/annotations", RunAnnotationsView),
        (f"{_RUN}/approvals", RunApprovalsView),
        (f"{_RUN}/approve", RunApproveView),
        (f"{_RUN}/deployment_protection_rule", RunProtectionRuleView),
        (f"{_RUN}/attempts/<int:attempt_number>", AttemptView),
        (f"{_RUN}/attempts/<int:attempt_number>/jobs", AttemptJobsView),
        (f"{_RUN}/attempts/<int:attempt_number>/logs", AttemptLogsView),
        (f"{_RUN}/cancel", RunCancelView),
        (f"{_RUN}/force-cancel", RunForceCancelView),
        (f"{_RUN}/jobs", RunJobsView),
        (f"{_RUN}/logs", RunLogsView),
        (f"{_RUN}/pending_deployments", RunPendingDeploymentsView),
        (f"{_RUN}/rerun", RunRerunView),
        (f"{_RUN}/rerun-failed-jobs", RunRerunFailedView),
        (f"{_RUN}/timing", RunTimingView),
        (_JOB, JobView),
        (f"{_JOB}/logs", JobLogsView),
        (f"{_JOB}/rerun", JobRerunView),
        ("actions/workflows", WorkflowsView),
        (f"{_WORKFLOW}/disable", WorkflowDisableView),
        (f"{_WORKFLOW}/dispatches", WorkflowDispatchView),
        (f"{_WORKFLOW}/enable", WorkflowEnableView),
        (f"{_WORKFLOW}/runs", WorkflowRunsView),
        (f"{_WORKFLOW}/timing", WorkflowTimingView),
        (_WORKFLOW, WorkflowView),
        ("check-runs/<int:check_run_id>/annotations", CheckRunAnnotationsView),
    ),
]
