"""Self-hosted runners of a repository or an organisation: listed, shown, labelled, made and removed."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import removal, wakeup
from forge.actions.queries import runners as queries
from forge.api.addresses import base_url
from forge.api.pagination import listed, page
from forge.api.v3 import organizations, runner_shapes
from forge.api.v3.base import ApiView, body, required_text, text
from forge.api.v3.shapes import time
from forge.errors import FieldError, Invalid
from forge.repos.models import Right
from forge.runners import downloads, just_in_time, labels, registration
from forge.runners.models import Runner


class RunnerScope(ApiView):
    """Base: the scope is the repository of the URL, or the organisation named ``org``."""

    permission = "administration"

    def scope(self) -> dict[str, Any]:
        """``{"repository": …}`` or ``{"owner": …}``, if the actor administers it."""
        if "org" in self.kwargs:
            return {"owner": organizations.owned(self.actor, self.kwargs["org"])}
        return {"repository": self.repository(Right.ADMIN)}

    def runner(self) -> Runner:
        """The runner of the URL."""
        return queries.runner(self.kwargs["runner_id"], **self.scope())


class RunnersView(RunnerScope):
    """GET …/actions/runners"""

    @extend_schema(operation_id="actions_list_self_hosted_runners", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The runners registered in this scope; ``name`` finds one by its name."""
        found = queries.runners(**self.scope())
        if name := request.GET.get("name"):
            found = found.filter(name=name)
        return listed(page(request, found), "runners", runner_shapes.runner)


class RunnerView(RunnerScope):
    """GET and DELETE …/actions/runners/{runner_id}"""

    @extend_schema(operation_id="actions_get_self_hosted_runner", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One runner."""
        return Response(runner_shapes.runner(self.runner()))

    @extend_schema(operation_id="actions_delete_self_hosted_runner", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Its credential ends. 422 while it runs a job."""
        removal.remove(self.actor, self.runner())
        return Response(status=204)


class RunnerTokenView(RunnerScope):
    """POST …/actions/runners/registration-token and …/remove-token"""

    purpose = "register"

    @extend_schema(operation_id="actions_create_registration_token", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A token for one hour."""
        token, expires_at = registration.hand_out(self.actor, **self.scope(), purpose=self.purpose)
        return Response({"token": token, "expires_at": time(expires_at)}, status=201)


class RunnerRemoveTokenView(RunnerTokenView):
    """POST …/actions/runners/remove-token"""

    purpose = "remove"

    @extend_schema(operation_id="actions_create_remove_token", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A token with which runners take themselves away."""
        return super().post(request)


class RunnerJitConfigView(RunnerScope):
    """POST …/actions/runners/generate-jitconfig"""

    @extend_schema(operation_id="actions_generate_runner_jitconfig", responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A runner for one job, and its configuration for ``forge-runner run --jitconfig``."""
        scope, data = self.scope(), body(request)
        wanted = just_in_time.Wanted(
            required_text(data, "name", "Runner"),
            _number(data, "runner_group_id"),
            texts(data, "labels"),
            text(data, "work_folder") or just_in_time.WORK_FOLDER,
            text(data, "container_url") or "",
        )
        made, configuration = just_in_time.create(self.actor, wanted, base_url(request._request), **scope)
        return Response({"runner": runner_shapes.runner(made), "encoded_jit_config": configuration}, status=201)


class RunnerDownloadsView(RunnerScope):
    """GET …/actions/runners/downloads"""

    @extend_schema(operation_id="actions_list_runner_applications", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The agent of this server's own version, for pip: one package for every kind of machine."""
        self.scope()
        package, base = downloads.package(), base_url(request._request)
        shown = {
            "download_url": f"{base}/-/downloads/{package.filename}",
            "filename": package.filename,
            "sha256_checksum": package.sha256,
        }
        return Response([{"os": os, "architecture": machine, **shown} for os, machine in downloads.MACHINES])


class LabelsOfRunner(RunnerScope):
    """Base of what answers with the labels of the runner."""

    def answer(self, runner: Runner) -> Response:
        """All of its labels; and whoever holds its call learns that they are others."""
        wakeup.runner_changed(runner.pk)
        return _labels(runner)


class RunnerLabelsView(LabelsOfRunner):
    """GET, POST, PUT and DELETE …/actions/runners/{runner_id}/labels"""

    operation_ids = {
        "GET": "actions_list_labels_for_self_hosted_runner",
        "POST": "actions_add_custom_labels_to_self_hosted_runner",
        "PUT": "actions_set_custom_labels_for_self_hosted_runner",
        "DELETE": "actions_remove_all_custom_labels_from_self_hosted_runner",
    }

    def get(self, request: Request, **_: Any) -> Response:
        """Its labels, those first that nobody changes."""
        return _labels(self.runner())

    def post(self, request: Request, **_: Any) -> Response:
        """More labels; one at least."""
        runner, more = self.runner(), texts(body(request), "labels")
        if not more:
            raise Invalid("Validation Failed", [FieldError("Runner", "labels", "missing_field")])
        return self.answer(labels.add(self.actor, runner, more))

    def put(self, request: Request, **_: Any) -> Response:
        """These labels instead of those that it has."""
        return self.answer(labels.replace(self.actor, self.runner(), texts(body(request), "labels")))

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, **_: Any) -> Response:
        """No labels but those that nobody changes."""
        return self.answer(labels.replace(self.actor, self.runner(), []))


class RunnerLabelView(LabelsOfRunner):
    """DELETE …/actions/runners/{runner_id}/labels/{name}"""

    operation_ids = {"DELETE": "actions_remove_custom_label_from_self_hosted_runner"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, **_: Any) -> Response:
        """One label less. 404 when it has none of this name, 422 for one that nobody changes."""
        return self.answer(labels.remove(self.actor, self.runner(), self.kwargs["name"]))


def _labels(runner: Runner) -> Response:
    shown = runner_shapes.list_labels(runner)
    return Response({"total_count": len(shown), "labels": shown})


def texts(data: dict[str, Any], name: str, *, required: bool = True) -> list[str]:
    """A list of texts in a body; 422 for anything else, and where it is ``required`` and absent."""
    given = data.get(name)
    if given is None and not required:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        code = "missing_field" if given is None else "invalid"
        raise Invalid("Validation Failed", [FieldError("Request", name, code, f"{name} must be a list of texts")])
    return given


def _number(data: dict[str, Any], name: str) -> int:
    given = data.get(name)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 1 << 31:
        code = "missing_field" if given is None else "invalid"
        raise Invalid("Validation Failed", [FieldError("Request", name, code, f"{name} must be a number")])
    return given
