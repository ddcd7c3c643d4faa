"""The runner groups of an organisation: who may use them, and which runners are in them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.models import Account
from forge.actions import wakeup
from forge.actions.queries import runners as queries
from forge.api.addresses import api_url, base_url
from forge.api.pagination import listed, page
from forge.api.v3 import organizations, runner_shapes, shapes
from forge.api.v3.base import ApiView, body, flag, text
from forge.api.v3.runners import texts
from forge.api.v3.vault_scopes import numbers
from forge.repos.models import Repository
from forge.runners import groups
from forge.runners.group_settings import Settings
from forge.runners.models import RunnerGroup


class OfOrganization(ApiView):
    """Base: for the owners of the organisation."""

    permission = "organization_self_hosted_runners"

    def owner(self) -> Account:
        """The organisation of the URL."""
        return organizations.owned(self.actor, self.kwargs["org"])

    def group(self) -> RunnerGroup:
        """The group of the URL."""
        return groups.find(self.owner(), self.kwargs["runner_group_id"])

    def shown(self, group: RunnerGroup, status: int = 200) -> Response:
        """An answer with one group."""
        return Response(self.shape(group), status=status)

    def shape(self, group: RunnerGroup) -> dict[str, Any]:
        """One group as it is answered."""
        return runner_shapes.group(group, self.kwargs["org"], api_url(self.request._request))


class RunnerGroupsView(OfOrganization):
    """GET and POST /orgs/{org}/actions/runner-groups"""

    operation_ids = {
        "GET": "actions_list_self_hosted_runner_groups_for_org",
        "POST": "actions_create_self_hosted_runner_group_for_org",
    }

    def get(self, request: Request, **_: Any) -> Response:
        """The groups, the default one first; ``visible_to_repository`` names one that they are to be open to."""
        owner = self.owner()
        name = request.GET.get("visible_to_repository", "").rpartition("/")[2]
        among = Repository.objects.filter(owner=owner, deleted_at=None)
        if not name:
            found = groups.listing(owner)
        elif place := among.filter(name_key=name.lower()).first():
            found = groups.listing(owner, usable_by=place)
        else:
            found = RunnerGroup.objects.none()
        return listed(page(request, found), "runner_groups", self.shape)

    def post(self, request: Request, **_: Any) -> Response:
        """A new group. 409 when there is one of this name."""
        made = groups.create(self.actor, self.owner(), _settings(body(request)))
        wakeup.runners_changed(groups.members(made).values_list("pk", flat=True))
        return self.shown(made, 201)


class RunnerGroupView(OfOrganization):
    """GET, PATCH and DELETE /orgs/{org}/actions/runner-groups/{runner_group_id}"""

    operation_ids = {
        "GET": "actions_get_self_hosted_runner_group_for_org",
        "PATCH": "actions_update_self_hosted_runner_group_for_org",
        "DELETE": "actions_delete_self_hosted_runner_group_from_org",
    }

    def get(self, request: Request, **_: Any) -> Response:
        """One group."""
        return self.shown(self.group())

    def patch(self, request: Request, **_: Any) -> Response:
        """Change what the body names."""
        group, data = self.group(), body(request)
        said = _settings({name: value for name, value in data.items() if name in _CHANGEABLE})
        wakeup.runners_changed(groups.update(self.actor, group, said))
        return self.shown(self.group())

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Its runners go to the default group, which cannot be deleted (422)."""
        wakeup.runners_changed(groups.delete(self.actor, self.group()))
        return Response(status=204)


class GroupRepositoriesView(OfOrganization):
    """GET and PUT /orgs/{org}/actions/runner-groups/{runner_group_id}/repositories"""

    operation_ids = {
        "GET": "actions_list_repo_access_to_self_hosted_runner_group_in_org",
        "PUT": "actions_set_repo_access_to_self_hosted_runner_group_in_org",
    }

    def get(self, request: Request, **_: Any) -> Response:
        """The repositories with access."""
        found, base = groups.repositories(self.group()), base_url(request._request)
        return listed(page(request, found), "repositories", lambda one: shapes.minimal_repository(one, base))

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """These and no others. 409 while the visibility is another than ``selected``."""
        group, chosen = self.group(), numbers(body(request), "selected_repository_ids", required=True) or []
        wakeup.runners_changed(groups.select(self.actor, group, chosen))
        return Response(status=204)


class GroupRepositoryView(OfOrganization):
    """PUT and DELETE …/runner-groups/{runner_group_id}/repositories/{repository_id}"""

    operation_ids = {
        "PUT": "actions_add_repo_access_to_self_hosted_runner_group_in_org",
        "DELETE": "actions_remove_repo_access_to_self_hosted_runner_group_in_org",
    }

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Access for one repository more."""
        return self._open(is_open=True)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Access for one less."""
        return self._open(is_open=False)

    def _open(self, *, is_open: bool) -> Response:
        changed = groups.open_to(self.actor, self.group(), self.kwargs["repository_id"], is_open=is_open)
        wakeup.runners_changed(changed)
        return Response(status=204)


class GroupRunnersView(OfOrganization):
    """GET and PUT /orgs/{org}/actions/runner-groups/{runner_group_id}/runners"""

    operation_ids = {
        "GET": "actions_list_self_hosted_runners_in_group_for_org",
        "PUT": "actions_set_self_hosted_runners_in_group_for_org",
    }

    def get(self, request: Request, **_: Any) -> Response:
        """The runners in the group."""
        group = self.group()
        found = queries.runners(owner=group.owner).filter(group=group)
        return listed(page(request, found), "runners", runner_shapes.runner)

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """These and no others; those that were go to the default group."""
        group, chosen = self.group(), numbers(body(request), "runners", required=True) or []
        wakeup.runners_changed(groups.fill(self.actor, group, chosen))
        return Response(status=204)


class GroupRunnerView(OfOrganization):
    """PUT and DELETE …/runner-groups/{runner_group_id}/runners/{runner_id}"""

    operation_ids = {
        "PUT": "actions_add_self_hosted_runner_to_group_for_org",
        "DELETE": "actions_remove_self_hosted_runner_from_group_for_org",
    }

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """One runner more."""
        wakeup.runners_changed(groups.put(self.actor, self.group(), self.kwargs["runner_id"]))
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """One less: it goes to the default group."""
        wakeup.runners_changed(groups.take_out(self.actor, self.group(), self.kwargs["runner_id"]))
        return Response(status=204)


_CHANGEABLE = (
    "name",
    "visibility",
    "allows_public_repositories",
    "restricted_to_workflows",
    "selected_workflows",
    "selected_repository_ids",
)


def _settings(data: dict[str, Any]) -> Settings:
    """What a body says of a group."""
    return Settings(
        name=text(data, "name"),
        visibility=text(data, "visibility"),
        repository_ids=numbers(data, "selected_repository_ids"),
        runner_ids=numbers(data, "runners"),
        allows_public_repositories=flag(data, "allows_public_repositories"),
        restricted_to_workflows=flag(data, "restricted_to_workflows"),
        selected_workflows=texts(data, "selected_workflows", required=False)
        if data.get("selected_workflows") is not None
        else None,
    )
