"""From where may be deployed to an environment, and which integrations must agree."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import approve
from forge.api.pagination import listed, page
from forge.api.v3.base import body, required_number, required_text, text
from forge.api.v3.environment_shapes import app, branch_policy, protection_rule
from forge.api.v3.environments import EnvironmentBound
from forge.environments import rules
from forge.environments.models import BranchPolicy, Environment, ProtectionRule
from forge.repos.models import Right


class BranchPoliciesView(EnvironmentBound):
    """GET and POST …/environments/{environment_name}/deployment-branch-policies"""

    @extend_schema(operation_id="repos_list_deployment_branch_policies", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The patterns of branches and tags."""
        found = self.environment(Right.READ).branch_policies.all()
        return listed(page(request, found), "branch_policies", branch_policy)

    @extend_schema(operation_id="repos_create_deployment_branch_policy", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, **_: Any) -> Response:
        """One more; 404 where the environment has no patterns of its own."""
        row, data = self.environment(Right.ADMIN), body(request)
        name = required_text(data, "name", "DeploymentBranchPolicy")
        kind = text(data, "type", BranchPolicy.Kind.BRANCH.value) or ""
        return Response(branch_policy(rules.add_branch_policy(self.actor, row, name, kind)))


class BranchPolicyView(EnvironmentBound):
    """GET, PUT and DELETE …/deployment-branch-policies/{branch_policy_id}"""

    def policy(self, right: Right) -> tuple[Environment, BranchPolicy]:
        """The environment and the pattern of the URL."""
        row = self.environment(right)
        return row, rules.branch_policy(row, self.kwargs["branch_policy_id"])

    @extend_schema(operation_id="repos_get_deployment_branch_policy", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One."""
        return Response(branch_policy(self.policy(Right.READ)[1]))

    @extend_schema(operation_id="repos_update_deployment_branch_policy", responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, **_: Any) -> Response:
        """Another pattern in its place."""
        row, found = self.policy(Right.ADMIN)
        name = required_text(body(request), "name", "DeploymentBranchPolicy")
        rules.rename_branch_policy(self.actor, row, found, name)
        return Response(branch_policy(found))

    @extend_schema(operation_id="repos_delete_deployment_branch_policy", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """One less."""
        rules.remove_branch_policy(self.actor, *self.policy(Right.ADMIN))
        return Response(status=204)


class ProtectionRulesView(EnvironmentBound):
    """GET and POST …/environments/{environment_name}/deployment_protection_rules"""

    @extend_schema(operation_id="repos_get_all_deployment_protection_rules", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The integrations that must agree."""
        row = self.environment(Right.READ)
        at, found = self.place(row), row.protection_rules.select_related("integration")
        shown = page(request, found)
        return listed(shown, "custom_deployment_protection_rules", lambda one: protection_rule(one, at))

    @extend_schema(operation_id="repos_create_deployment_protection_rule", responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """One more."""
        row = self.environment(Right.ADMIN)
        wanted = required_number(body(request), "integration_id", "DeploymentProtectionRule")
        made = rules.add_integration(self.actor, row, wanted)
        return Response(protection_rule(made, self.place(row)), status=201)


class ProtectionAppsView(EnvironmentBound):
    """GET …/environments/{environment_name}/deployment_protection_rules/apps"""

    @extend_schema(operation_id="repos_list_custom_deployment_rule_integrations", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """The integrations that could be one more."""
        row = self.environment(Right.READ)
        at, found = self.place(row), rules.available(row)
        key = "available_custom_deployment_protection_rule_integrations"
        return listed(page(request, found), key, lambda one: app(one, at))


class ProtectionRuleView(EnvironmentBound):
    """GET and DELETE …/deployment_protection_rules/{protection_rule_id}"""

    def rule(self, right: Right) -> tuple[Environment, ProtectionRule]:
        """The environment and the rule of the URL."""
        row = self.environment(right)
        return row, rules.protection_rule(row, self.kwargs["protection_rule_id"])

    @extend_schema(operation_id="repos_get_custom_deployment_protection_rule", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One."""
        row, found = self.rule(Right.READ)
        return Response(protection_rule(found, self.place(row)))

    @extend_schema(operation_id="repos_disable_deployment_protection_rule", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """One less; what waited for it alone goes on."""
        row, found = self.rule(Right.ADMIN)
        rules.remove_integration(self.actor, row, found)
        approve.rules_changed(row.repository, row)
        return Response(status=204)
