"""What repositories allow of workflows: switched on or off, whose actions, how long logs stay, forks, OIDC subjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import Declaration
from forge.api.addresses import api_url
from forge.api.v3 import organizations
from forge.api.v3.base import ApiView, body, flag, required_flag, required_number, required_text, text, texts
from forge.api.v3.places import Place
from forge.repos import allowed_actions, oidc_subjects, policies
from forge.repos.models import Right
from forge.repos.policies import Allowed, Scope


def operations(stem: str, scope: str) -> dict[str, str]:
    """The names of a setting's two operations in the description of the API."""
    return {"GET": f"actions_get_{stem}_{scope}", "PUT": f"actions_set_{stem}_{scope}"}


class PolicyView(ApiView):
    """Base of the views: whose setting it is, if the actor may administer it. The same ones serve a repository
    (administrators) and an organisation (owners)."""

    permission: ClassVar[Declaration] = "administration"
    operation_ids: ClassVar[Mapping[str, str]] = {}

    def scope(self) -> Scope:
        """The repository or the organisation of the URL."""
        if "org" in self.kwargs:
            return organizations.owned(self.actor, self.kwargs["org"])
        return self.repository(Right.ADMIN)


class RepositoryPermissionsView(PolicyView):
    """GET and PUT /repos/{owner}/{repo}/actions/permissions"""

    @extend_schema(operation_id="actions_get_github_actions_permissions_repository", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Whether workflows run, and with whose actions; what an organisation says is applied."""
        repository = self.repository(Right.ADMIN)
        if not policies.enabled(repository):
            return Response({"enabled": False})
        rule = allowed_actions.of(repository)
        shape = {"enabled": True, "allowed_actions": rule.allowed, "sha_pinning_required": rule.sha_required}
        if rule.allowed == Allowed.SELECTED:
            shape["selected_actions_url"] = f"{Place.of(repository, request).api}/actions/permissions/selected-actions"
        return Response(shape)

    @extend_schema(operation_id="actions_set_github_actions_permissions_repository", responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Switch workflows on or off, and choose whose actions they may use."""
        repository, data = self.repository(Right.ADMIN), body(request)
        on = required_flag(data, "enabled", "Permissions")
        policies.enable(self.actor, repository, on=on, **_actions(repository, data))
        return Response(status=204)


class OrganizationPermissionsView(PolicyView):
    """GET and PUT /orgs/{org}/actions/permissions"""

    permission = "organization_administration"

    @extend_schema(operation_id="actions_get_github_actions_permissions_organization", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """In which repositories workflows run, and with whose actions."""
        organization = organizations.owned(self.actor, org)
        row = policies.of(organization)
        address = f"{api_url(request._request)}/orgs/{organization.login}/actions/permissions"
        word = allowed_actions.word(organization)
        shape = {
            "enabled_repositories": row.enabled_repositories,
            "allowed_actions": word,
            "sha_pinning_required": row.sha_pinning_required,
        }
        if row.enabled_repositories == policies.Enabled.SELECTED:
            shape["selected_repositories_url"] = f"{address}/repositories"
        if word == Allowed.SELECTED:
            shape["selected_actions_url"] = f"{address}/selected-actions"
        return Response(shape)

    @extend_schema(operation_id="actions_set_github_actions_permissions_organization", responses={204: None})
    def put(self, request: Request, org: str) -> Response:
        """Choose both."""
        organization, data = organizations.owned(self.actor, org), body(request)
        word = required_text(data, "enabled_repositories", "Permissions")
        policies.check_enabled(word, "enabled_repositories")
        policies.change(self.actor, organization, {"enabled_repositories": word, **_actions(organization, data)})
        return Response(status=204)


class SelectedActionsView(PolicyView):
    """GET and PUT …/actions/permissions/selected-actions"""

    operation_ids = operations("allowed_actions", "repository")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """What ``selected`` lets in; 409 while the setting is another word."""
        found = allowed_actions.selected(self.scope())
        return Response(
            {
                "github_owned_allowed": found.github_owned,
                "verified_allowed": found.verified,
                "patterns_allowed": list(found.patterns),
            }
        )

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Choose it."""
        scope, data = self.scope(), body(request)
        names = ("github_owned_allowed", "verified_allowed")
        given: dict[str, Any] = {name: flag(data, name) for name in names}
        allowed_actions.select(self.actor, scope, {**given, "patterns_allowed": texts(data, "patterns_allowed")})
        return Response(status=204)


class RetentionView(PolicyView):
    """GET and PUT …/actions/permissions/artifact-and-log-retention"""

    operation_ids = operations("artifact_and_log_retention_settings", "repository")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Days that logs and artifacts are kept, and the most that may be chosen."""
        found = policies.retention(self.scope())
        return Response({"days": found.days, "maximum_allowed_days": found.most})

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Choose the days of what is made from now on."""
        scope = self.scope()
        policies.retain(self.actor, scope, required_number(body(request), "days", "Retention"))
        return Response(status=204)


class ForkApprovalView(PolicyView):
    """GET and PUT …/actions/permissions/fork-pr-contributor-approval"""

    operation_ids = operations("fork_pr_contributor_approval_permissions", "repository")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Whose pull requests from forks wait for an approval."""
        return Response({"approval_policy": policies.fork_approval(self.scope())})

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Choose it."""
        scope = self.scope()
        policies.approve_forks(self.actor, scope, required_text(body(request), "approval_policy", "ForkApproval"))
        return Response(status=204)


class ForkSwitchesView(PolicyView):
    """GET and PUT …/actions/permissions/fork-pr-workflows-private-repos"""

    operation_ids = operations("private_repo_fork_pr_workflows_settings", "repository")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """What pull requests from forks of private repositories get."""
        return Response(policies.fork_switches(self.scope()))

    @extend_schema(responses={204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Choose it."""
        scope, data = self.scope(), body(request)
        required_flag(data, policies.FORK_SWITCHES[0], "ForkWorkflows")
        wanted = {name: value for name in policies.FORK_SWITCHES if (value := flag(data, name)) is not None}
        policies.switch_forks(self.actor, scope, wanted)
        return Response(status=204)


class RepositorySubjectView(PolicyView):
    """GET and PUT /repos/{owner}/{repo}/actions/oidc/customization/sub"""

    permission = {"GET": "actions=read", "PUT": "administration=write"}

    @extend_schema(operation_id="actions_get_custom_oidc_sub_claim_for_repo", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """What the subject of an OIDC token is made of here."""
        row = policies.of(self.repository(Right.READ))
        keys = {} if row.oidc_default else {"include_claim_keys": row.oidc_claim_keys}
        return Response({"use_default": row.oidc_default, **keys})

    @extend_schema(operation_id="actions_set_custom_oidc_sub_claim_for_repo", responses={201: OpenApiTypes.OBJECT})
    def put(self, request: Request, **_: Any) -> Response:
        """Choose it, or leave it to the default."""
        repository, data = self.repository(Right.ADMIN), body(request)
        default = required_flag(data, "use_default", "OIDC")
        oidc_subjects.choose(self.actor, repository, texts(data, "include_claim_keys"), default=default)
        return Response({}, status=201)


class OrganizationSubjectView(PolicyView):
    """GET and PUT /orgs/{org}/actions/oidc/customization/sub"""

    permission = "organization_administration"

    @extend_schema(operation_id="oidc_get_oidc_custom_sub_template_for_org", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """What the organisation proposes; 404 when it proposes nothing."""
        return Response({"include_claim_keys": oidc_subjects.template(organizations.owned(self.actor, org))})

    @extend_schema(operation_id="oidc_update_oidc_custom_sub_template_for_org", responses={201: OpenApiTypes.OBJECT})
    def put(self, request: Request, org: str) -> Response:
        """Propose it."""
        organization = organizations.owned(self.actor, org)
        keys = texts(body(request), "include_claim_keys")
        oidc_subjects.choose(self.actor, organization, keys, default=False)
        return Response({}, status=201)


def _actions(scope: Scope, data: dict[str, Any]) -> dict[str, Any]:
    sha_required = flag(data, "sha_pinning_required")
    return allowed_actions.checked(scope, text(data, "allowed_actions"), sha_required=sha_required)
