"""What is written beside a check run. A job is its own check run."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions.queries import runs as queries
from forge.api.pagination import bare, page
from forge.api.v3 import run_shapes
from forge.api.v3.base import ApiView
from forge.api.v3.places import Place
from forge.api.v3.runs import RunBound
from forge.repos.models import Right


class CheckRunAnnotationsView(ApiView):
    """GET …/check-runs/{check_run_id}/annotations"""

    permission = "checks"

    @extend_schema(operation_id="checks_list_annotations", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Notices, warnings and failures of a job."""
        repository = self.repository(Right.READ)
        job = queries.job(repository, self.kwargs["check_run_id"])
        at = Place.of(repository, request)
        run, path = job.run, job.run.workflow.path
        return bare(
            page(request, queries.job_annotations(job)),
            lambda note: run_shapes.annotation(note, at, path, run.head_sha),
        )


class RunAnnotationsView(RunBound):
    """GET …/actions/runs/{run_id}/annotations: Forge's own, since a run that could not start has no job"""

    @extend_schema(operation_id="forge_list_run_annotations", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """What is wrong with the workflow file, in the shape of check-run annotations."""
        attempt = self.attempt(Right.READ)
        at = Place.of(attempt.run.repository, request)
        return bare(
            page(request, attempt.problems),
            lambda finding: run_shapes.problem(finding, at, attempt.run.head_sha),
        )
