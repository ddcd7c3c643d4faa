"""Workflow runs and their attempts: listed, shown, cancelled, run again, timed, deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponseBase, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import Declaration
from forge.actions import cancel, discard, rerun
from forge.actions.models import Run, RunAttempt, Workflow
from forge.actions.queries import runs as queries
from forge.actions.queries import timings
from forge.actions.queries.periods import Period, period
from forge.actions.queries.runs import RunFilter
from forge.api.pagination import listed, page
from forge.api.v3 import run_logs, run_shapes
from forge.api.v3.base import ApiView, body, flag
from forge.api.v3.places import Place
from forge.api.v3.reason_shapes import of_attempts
from forge.errors import FieldError, Invalid
from forge.repos.models import Right

_FILTERS = [
    OpenApiParameter(name, OpenApiTypes.STR)
    for name in ("actor", "branch", "event", "status", "created", "head_sha", "check_suite_id")
]


def run_list(view: ApiView, request: Request, workflow: Workflow | None = None) -> Response:
    """The answer of both lists of runs: the repository's, and that of one workflow."""
    repository = workflow.repository if workflow else view.repository(Right.READ)
    wanted = run_filter(request.GET, workflow)
    found = queries.runs(repository, wanted)
    shown = page(
        request,
        found[: queries.SEARCH_LIMIT] if wanted.search else found,
        queries.count(repository, wanted),
    )
    at = Place.of(repository, request)
    attempts = {run.pk: queries.latest(run) for run in shown.rows}
    why = of_attempts(list(attempts.values()))
    return listed(
        shown,
        "workflow_runs",
        lambda run: run_shapes.workflow_run(attempts[run.pk], at, why[attempts[run.pk].pk]),
    )


def run_filter(query: QueryDict, workflow: Workflow | None = None) -> RunFilter:
    """What a list is asked for; Invalid when ``created`` cannot be read."""
    suite, created = query.get("check_suite_id", ""), query.get("created", "")
    return RunFilter(
        workflow=workflow,
        branch=query.get("branch", ""),
        actor=query.get("actor", ""),
        status=query.get("status", ""),
        event=query.get("event", ""),
        head_sha=query.get("head_sha", ""),
        check_suite_id=queries.number(suite) if suite else None,
        created=period(created) if created else Period(),
    )


class RunsView(ApiView):
    """GET …/actions/runs"""

    permission = "actions"

    @extend_schema(
        operation_id="actions_list_workflow_runs_for_repo", parameters=_FILTERS, responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, **_: Any) -> Response:
        """The runs of a repository, newest first."""
        return run_list(self, request)


class RunBound(ApiView):
    """Base of what concerns one run, named in the URL as ``run_id``."""

    permission: ClassVar[Declaration] = "actions"

    def run(self, right: Right) -> Run:
        """The run of the URL, in the repository of the URL."""
        repository = self.repository(right)
        run = queries.run(repository, self.kwargs["run_id"])
        run.repository = repository
        return run

    def attempt(self, right: Right) -> RunAttempt:
        """The attempt of the URL, the latest when it names none."""
        run = self.run(right)
        number = self.kwargs.get("attempt_number")
        return queries.latest(run) if number is None else queries.attempt(run, number)


class RunView(RunBound):
    """GET and DELETE …/actions/runs/{run_id}"""

    @extend_schema(operation_id="actions_get_workflow_run", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One run as of its latest attempt."""
        return _in_full(self.attempt(Right.READ), request)

    @extend_schema(operation_id="actions_delete_workflow_run", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete a finished run with everything of it."""
        discard.run(self.run(Right.WRITE))
        return Response(status=204)


class AttemptView(RunBound):
    """GET …/actions/runs/{run_id}/attempts/{attempt_number}"""

    @extend_schema(operation_id="actions_get_workflow_run_attempt", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One run as of one of its attempts."""
        return _in_full(self.attempt(Right.READ), request)


class RunCancelView(RunBound):
    """POST …/actions/runs/{run_id}/cancel"""

    @extend_schema(operation_id="actions_cancel_workflow_run", request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """Ask a run to end; always() and post steps still run."""
        cancel.run(self.author, self.run(Right.WRITE))
        return Response({}, status=202)


class RunForceCancelView(RunBound):
    """POST …/actions/runs/{run_id}/force-cancel"""

    @extend_schema(operation_id="actions_force_cancel_workflow_run", request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """End a run now, whatever its runners say."""
        cancel.force(self.author, self.run(Right.WRITE))
        return Response({}, status=202)


class RunRerunView(RunBound):
    """POST …/actions/runs/{run_id}/rerun"""

    @extend_schema(operation_id="actions_re_run_workflow", responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A new attempt with all jobs."""
        run = self.run(Right.WRITE)
        rerun.attempt(self.author, run, debug=debug_logging(request))
        return Response({}, status=201)


class RunRerunFailedView(RunBound):
    """POST …/actions/runs/{run_id}/rerun-failed-jobs"""

    @extend_schema(operation_id="actions_re_run_workflow_failed_jobs", responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A new attempt: the jobs that failed and what depends on them; the others carry over."""
        run = self.run(Right.WRITE)
        rerun.attempt(self.author, run, "failed", debug=debug_logging(request))
        return Response({}, status=201)


class RunLogsView(RunBound):
    """GET and DELETE …/actions/runs/{run_id}/logs"""

    @extend_schema(operation_id="actions_download_workflow_run_logs", responses={302: None})
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """Where the zip of the latest attempt's logs lies for the next minute."""
        return _zipped(self.attempt(Right.READ), request)

    @extend_schema(operation_id="actions_delete_workflow_run_logs", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete the logs of a finished run; its steps and results stay."""
        discard.logs(self.run(Right.WRITE))
        return Response(status=204)


class AttemptLogsView(RunBound):
    """GET …/actions/runs/{run_id}/attempts/{attempt_number}/logs"""

    @extend_schema(operation_id="actions_download_workflow_run_attempt_logs", responses={302: None})
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """Where the zip of one attempt's logs lies for the next minute."""
        return _zipped(self.attempt(Right.READ), request)


class RunTimingView(RunBound):
    """GET …/actions/runs/{run_id}/timing"""

    @extend_schema(operation_id="actions_get_workflow_run_usage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """How long the jobs of the latest attempt ran, by operating system."""
        return Response(timings.of_attempt(self.attempt(Right.READ)))


def debug_logging(request: Request) -> bool:
    """Whether the new attempt is to log more. 422 for the switch that would do nothing, rather than silence."""
    data = body(request)
    if flag(data, "enable_debugger"):
        message = "enable_debugger is not supported by this server; leave it out"
        raise Invalid(message, [FieldError("WorkflowRun", "enable_debugger", "invalid", message)])
    return bool(flag(data, "enable_debug_logging"))


def _in_full(attempt: RunAttempt, request: Request) -> Response:
    at = Place.of(attempt.run.repository, request)
    return Response(run_shapes.workflow_run_in_full(attempt, at, of_attempts([attempt])[attempt.pk]))


def _zipped(attempt: RunAttempt, request: Request) -> HttpResponseBase:
    run_logs.check_attempt(attempt)
    return run_logs.redirect(request, {"attempt": attempt.pk})
