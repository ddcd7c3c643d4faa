"""What repositories and organisations allow of workflows, below ``/api/v3/``."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import policies, policy_repositories
from forge.api.v3.base import repository_routes

_OF_ORGANIZATION = "organization_administration"
_ORG = "orgs/<str:org>/actions"
_PERMISSIONS, _ONE = f"{_ORG}/permissions", "repositories/<int:repository_id>"
_BOTH = (
    ("actions/permissions/selected-actions", policies.SelectedActionsView),
    ("actions/permissions/artifact-and-log-retention", policies.RetentionView),
    ("actions/permissions/fork-pr-contributor-approval", policies.ForkApprovalView),
    ("actions/permissions/fork-pr-workflows-private-repos", policies.ForkSwitchesView),
)


def _of_organization(view: type[policies.PolicyView]) -> Callable[..., Any]:
    names = {method: name.replace("_repository", "_organization") for method, name in view.operation_ids.items()}
    return view.as_view(permission=_OF_ORGANIZATION, operation_ids=names)


urlpatterns: list[URLPattern | URLResolver] = [
    path(_PERMISSIONS, policies.OrganizationPermissionsView.as_view()),
    path(f"{_PERMISSIONS}/repositories", policy_repositories.PolicyRepositoriesView.as_view()),
    path(f"{_PERMISSIONS}/{_ONE}", policy_repositories.PolicyRepositoryView.as_view()),
    path(f"{_PERMISSIONS}/self-hosted-runners", policy_repositories.RunnersPolicyView.as_view()),
    path(f"{_PERMISSIONS}/self-hosted-runners/repositories", policy_repositories.RunnerRepositoriesView.as_view()),
    path(f"{_PERMISSIONS}/self-hosted-runners/{_ONE}", policy_repositories.RunnerRepositoryView.as_view()),
    path(f"{_ORG}/oidc/customization/sub", policies.OrganizationSubjectView.as_view()),
    *(path(f"orgs/<str:org>/{route}", _of_organization(view)) for route, view in _BOTH),
    *repository_routes(
        ("actions/permissions", policies.RepositoryPermissionsView),
        ("actions/oidc/customization/sub", policies.RepositorySubjectView),
        *_BOTH,
    ),
]
