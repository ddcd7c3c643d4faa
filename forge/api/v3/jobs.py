"""Jobs of a run: listed, shown, their logs, run again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import reasons, rerun
from forge.actions.models import Job
from forge.actions.queries import runs as queries
from forge.api.pagination import Page, listed, page
from forge.api.v3 import run_logs, run_shapes
from forge.api.v3.base import ApiView
from forge.api.v3.places import Place
from forge.api.v3.reason_shapes import reason
from forge.api.v3.runs import RunBound, debug_logging
from forge.repos.models import Repository, Right


class RunJobsView(RunBound):
    """GET …/actions/runs/{run_id}/jobs"""

    @extend_schema(
        operation_id="actions_list_jobs_for_workflow_run",
        parameters=[OpenApiParameter("filter", OpenApiTypes.STR, enum=["latest", "all"])],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, **_: Any) -> Response:
        """The jobs of the latest attempt; with ``filter=all`` those of every attempt."""
        run = self.run(Right.READ)
        every = request.GET.get("filter") == "all"
        found = queries.jobs_of_all_attempts(run) if every else queries.jobs(queries.latest(run))
        return _list(request, page(request, found), run.repository)


class AttemptJobsView(RunBound):
    """GET …/actions/runs/{run_id}/attempts/{attempt_number}/jobs"""

    @extend_schema(operation_id="actions_list_jobs_for_workflow_run_attempt", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The jobs of one attempt."""
        attempt = self.attempt(Right.READ)
        return _list(request, page(request, queries.jobs(attempt)), attempt.run.repository)


class JobBound(ApiView):
    """Base of what concerns one job, named in the URL as ``job_id``."""

    permission = "actions"

    def job(self, right: Right) -> tuple[Repository, Job]:
        """The repository and the job of the URL."""
        repository = self.repository(right)
        return repository, queries.job(repository, self.kwargs["job_id"])


class JobView(JobBound):
    """GET …/actions/jobs/{job_id}"""

    @extend_schema(operation_id="actions_get_job_for_workflow_run", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One job."""
        repository, job = self.job(Right.READ)
        return Response(_shape([job], Place.of(repository, request))[job.pk])


class JobLogsView(JobBound):
    """GET …/actions/jobs/{job_id}/logs"""

    @extend_schema(operation_id="actions_download_job_logs_for_workflow_run", responses={302: None})
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """Where the log lies as plain text for the next minute."""
        job = self.job(Right.READ)[1]
        run_logs.check_job(job)
        return run_logs.redirect(request, {"job": job.pk})


class JobRerunView(JobBound):
    """POST …/actions/jobs/{job_id}/rerun"""

    @extend_schema(operation_id="actions_re_run_job_for_workflow_run", responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A new attempt: this job and what depends on it."""
        repository, job = self.job(Right.WRITE)
        run = queries.run(repository, job.run_id)
        rerun.attempt(self.author, run, job=job, debug=debug_logging(request))
        return Response({}, status=201)


def _list(request: Request, shown: Page[Job], repository: Repository) -> Response:
    shapes = _shape(shown.rows, Place.of(repository, request))
    return listed(shown, "jobs", lambda job: shapes[job.pk])


def _shape(jobs: list[Job], at: Place) -> dict[int, dict[str, Any]]:
    """Each job by its id; why the open ones wait is asked for all of them at once."""
    waiting = reasons.waiting_for(jobs)
    return {job.pk: run_shapes.job(job, at, reason(waiting.get(job.pk) or job.reason)) for job in jobs}
