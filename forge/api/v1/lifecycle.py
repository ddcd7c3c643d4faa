"""Cancel a job, and run a run again as a new one: the calls of ``/api/v1``, with its own words and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import cancel, rerun
from forge.actions.queries import runs as queries
from forge.api.declared import DeclaredView
from forge.api.errors import handle_v1
from forge.errors import Forbidden
from forge.repos import access
from forge.repos.models import Repository, Right

_SCOPE = "repo:write"


class LifecycleView(DeclaredView):
    """Base: ids are of the whole server, so the repository is found by what they name."""

    permission = "actions"

    def get_exception_handler(self) -> Callable[..., Any]:
        """Errors are ``{"error": text}``."""
        return handle_v1

    def check(self, repository_id: int) -> Repository:
        """The repository, if the actor may write there and its token says so."""
        repository = access.repository_by_id(self.actor, repository_id, Right.WRITE, self.need)
        if self.actor.kind != "job" and not self.actor.allows(_SCOPE):
            raise Forbidden(f"This token lacks the scope {_SCOPE}", [_SCOPE])
        return repository


class JobCancelView(LifecycleView):
    """POST /api/v1/jobs/{job_id}/cancel"""

    @extend_schema(operation_id="v1_cancel_job", request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, job_id: int) -> Response:
        """A job that waits ends at once; one that runs is asked to; one that is over stays as it is."""
        job = queries.job_anywhere(job_id)
        repository = self.check(job.repository_id)
        done = cancel.job(self.author, job)
        answer = {
            "job_id": job.pk,
            "run_id": job.run_id,
            "repo_id": repository.pk,
            "changed_jobs": done.changed_jobs,
            "run_completed": done.run_completed,
            "run_conclusion": done.run_conclusion,
        }
        return Response(answer, status=202)


class RunRerunView(LifecycleView):
    """POST /api/v1/runs/{run_id}/rerun"""

    @extend_schema(operation_id="v1_rerun_run", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, run_id: int) -> Response:
        """A new run of the same commit and file; only when the old one is over."""
        run = queries.run_anywhere(run_id)
        repository = self.check(run.repository_id)
        made = rerun.as_new_run(self.author, run)
        answer = {
            "run_id": made.pk,
            "run_index": made.run_index,
            "parent_run_id": run.pk,
            "repo_id": repository.pk,
            "workflow_file": made.workflow.path,
            "head_sha": made.head_sha,
        }
        return Response(answer, status=201)
