"""Environments, secrets and variables, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import environment_rules as of_rules
from forge.api.v3 import secrets, selected_repositories, variables
from forge.api.v3.base import repository_routes
from forge.api.v3.environments import EnvironmentsView, EnvironmentView

_ORG = "orgs/<str:org>/actions"
_ENVIRONMENT = "environments/<path:environment_name>"  # a path: clients may encode a slash in it
_SECRET, _VARIABLE = "secrets/<str:secret_name>", "variables/<str:name>"
_CHOSEN = "repositories/<int:repository_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_ORG}/secrets", secrets.OrganizationSecretsView.as_view()),
    path(f"{_ORG}/secrets/public-key", secrets.OrganizationPublicKeyView.as_view()),
    path(f"{_ORG}/{_SECRET}", secrets.OrganizationSecretView.as_view()),
    path(f"{_ORG}/{_SECRET}/repositories", selected_repositories.SecretRepositoriesView.as_view()),
    path(f"{_ORG}/{_SECRET}/{_CHOSEN}", selected_repositories.SecretRepositoryView.as_view()),
    path(f"{_ORG}/variables", variables.OrganizationVariablesView.as_view()),
    path(f"{_ORG}/{_VARIABLE}", variables.OrganizationVariableView.as_view()),
    path(f"{_ORG}/{_VARIABLE}/repositories", selected_repositories.VariableRepositoriesView.as_view()),
    path(f"{_ORG}/{_VARIABLE}/{_CHOSEN}", selected_repositories.VariableRepositoryView.as_view()),
    *repository_routes(
        ("actions/organization-secrets", secrets.SharedSecretsView),
        ("actions/organization-variables", variables.SharedVariablesView),
        ("actions/secrets", secrets.RepositorySecretsView),
        ("actions/secrets/public-key", secrets.RepositoryPublicKeyView),
        (f"actions/{_SECRET}", secrets.RepositorySecretView),
        ("actions/variables", variables.RepositoryVariablesView),
        (f"actions/{_VARIABLE}", variables.RepositoryVariableView),
        ("environments", EnvironmentsView),
        (f"{_ENVIRONMENT}/secrets", secrets.EnvironmentSecretsView),
        (f"{_ENVIRONMENT}/secrets/public-key", secrets.EnvironmentPublicKeyView),
        (f"{_ENVIRONMENT}/{_SECRET}", secrets.EnvironmentSecretView),
        (f"{_ENVIRONMENT}/variables", variables.EnvironmentVariablesView),
        (f"{_ENVIRONMENT}/{_VARIABLE}", variables.EnvironmentVariableView),
        (f"{_ENVIRONMENT}/deployment-branch-policies", of_rules.BranchPoliciesView),
        (f"{_ENVIRONMENT}/deployment-branch-policies/<int:branch_policy_id>", of_rules.BranchPolicyView),
        (f"{_ENVIRONMENT}/deployment_protection_rules", of_rules.ProtectionRulesView),
        (f"{_ENVIRONMENT}/deployment_protection_rules/apps", of_rules.ProtectionAppsView),
        (f"{_ENVIRONMENT}/deployment_protection_rules/<int:protection_rule_id>", of_rules.ProtectionRuleView),
        (_ENVIRONMENT, EnvironmentView),
    ),
]
