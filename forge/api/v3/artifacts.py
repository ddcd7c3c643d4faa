"""Artifacts of runs: listed, shown, downloaded, deleted."""

from __future__ import annotations

import base64
import re
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotModified, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api import errors
from forge.api.pagination import listed, page
from forge.api.streams import streamed
from forge.api.v3 import signed_addresses
from forge.api.v3.base import ApiView, direction
from forge.api.v3.places import Place
from forge.api.v3.runs import RunBound
from forge.api.v3.shapes import node_id, time
from forge.artifacts import artifacts
from forge.artifacts.models import Artifact
from forge.errors import FieldError, ForgeError, Invalid
from forge.repos.models import Right

_KIND = "artifacts"
_NAME = OpenApiParameter("name", OpenApiTypes.STR)


class ArtifactsView(ApiView):
    """GET …/actions/artifacts"""

    permission = "actions"

    @extend_schema(operation_id="actions_list_artifacts_for_repo", parameters=[_NAME], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Those of all runs, newest first; ``name`` finds those that are called exactly so."""
        repository = self.repository(Right.READ)
        at = Place.of(repository, request)
        found = artifacts.of_repository(repository, request.GET.get("name", ""))
        return listed(page(request, found), "artifacts", lambda row: shape(row, at))


class RunArtifactsView(RunBound):
    """GET …/actions/runs/{run_id}/artifacts"""

    @extend_schema(
        operation_id="actions_list_workflow_run_artifacts",
        parameters=[_NAME, OpenApiParameter("direction", OpenApiTypes.STR, enum=["asc", "desc"])],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, **_: Any) -> Response:
        """Those of the run's latest attempt, with those of the jobs that it carries over."""
        run = self.run(Right.READ)
        at = Place.of(run.repository, request)
        found = artifacts.of_run(run, request.GET.get("name", ""), oldest_first=direction(request))
        return listed(page(request, found), "artifacts", lambda row: shape(row, at))


class ArtifactBound(ApiView):
    """Base of what concerns one artifact, named in the URL as ``artifact_id``."""

    permission = "actions"

    def artifact(self, right: Right) -> Artifact:
        """The artifact of the URL, in the repository of the URL."""
        repository = self.repository(right)
        found = artifacts.find(repository, self.kwargs["artifact_id"])
        found.repository = repository
        return found


class ArtifactView(ArtifactBound):
    """GET and DELETE …/actions/artifacts/{artifact_id}"""

    @extend_schema(operation_id="actions_get_artifact", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One artifact."""
        found = self.artifact(Right.READ)
        assert found.repository is not None
        return Response(shape(found, Place.of(found.repository, request)))

    @extend_schema(operation_id="actions_delete_artifact", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete it for good."""
        artifacts.delete(self.artifact(Right.WRITE))
        return Response(status=204)


class ArtifactArchiveView(ArtifactBound):
    """GET …/actions/artifacts/{artifact_id}/{archive_format}"""

    @extend_schema(operation_id="actions_download_artifact", responses={302: None})
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """Where the zip lies for the next minute; 410 when it has expired."""
        found = self.artifact(Right.READ)
        if self.kwargs["archive_format"] != "zip":
            message = "archive_format must be zip"
            raise Invalid(message, [FieldError("Artifact", "archive_format", "invalid", message)])
        artifacts.check(found)
        return signed_addresses.redirect(request, _KIND, {"artifact": found.pk})


def signed(request: HttpRequest, token: str) -> HttpResponseBase:
    """What a signed address opens: the zip as it was stored, with its hash."""
    what = signed_addresses.opened(request, _KIND, token)
    if isinstance(what, JsonResponse):
        return what
    row = Artifact.objects.filter(pk=what["artifact"], repository__deleted_at=None, run__isnull=False).first()
    if row is None:
        return errors.plain(request, 404, "Not Found")
    try:
        artifacts.check(row)
    except ForgeError as error:
        return errors.plain(request, errors.status_of(error), error.message)
    digest = row.digest.removeprefix("sha256:")
    if request.headers.get("If-None-Match") == f'"{digest}"':
        return HttpResponseNotModified(headers={"ETag": f'"{digest}"'})
    response = streamed(request, artifacts.read(row), "application/zip", filename=f"{_safe(row.name)}.zip")
    response["Content-Length"] = str(row.size)
    response["ETag"] = f'"{digest}"'
    response["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    return response


def shape(row: Artifact, at: Place) -> dict[str, Any]:
    """GitHub's ``artifact``; give it with its run."""
    url = f"{at.api}/actions/artifacts/{row.pk}"
    run = row.run
    return {
        "id": row.pk,
        "node_id": node_id("Artifact", row.pk),
        "name": row.name,
        "size_in_bytes": row.size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifacts.is_expired(row),
        "digest": row.digest or None,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "expires_at": time(row.expires_at),
        "workflow_run": {
            "id": run.pk,
            "repository_id": run.repository_id,
            "head_repository_id": run.repository_id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        }
        if run
        else None,
    }


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "artifact"
