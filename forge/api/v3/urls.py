"""GitHub-shaped routes, below ``/api/v3``."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from forge.api.v3.base import NotFoundView, repository_routes
from forge.api.v3.dispatches import RepositoryDispatchView
from forge.api.v3.organizations import OrganizationView
from forge.api.v3.repositories import (
    OrganizationRepositoriesView,
    RepositoryView,
    UserPublicRepositoriesView,
    UserRepositoriesView,
)
from forge.api.v3.root import MetaView, RateLimitView, RootView
from forge.api.v3.users import CurrentUserView, OwnOrganizationsView, UserOrganizationsView, UserView

_below: list[URLPattern | URLResolver] = [
    path("", RootView.as_view()),
    path("meta", MetaView.as_view()),
    path("rate_limit", RateLimitView.as_view()),
    path("user", CurrentUserView.as_view()),
    path("user/orgs", OwnOrganizationsView.as_view()),
    path("user/repos", UserRepositoriesView.as_view()),
    path("users/<str:username>", UserView.as_view()),
    path("users/<str:username>/orgs", UserOrganizationsView.as_view()),
    path("users/<str:username>/repos", UserPublicRepositoriesView.as_view()),
    path("orgs/<str:org>", OrganizationView.as_view()),
    path("orgs/<str:org>/repos", OrganizationRepositoriesView.as_view()),
    path("", include("forge.api.v3.artifact_urls")),
    path("", include("forge.api.v3.policy_urls")),
    path("", include("forge.api.v3.actions_urls")),
    path("", include("forge.api.v3.runner_urls")),
    path("", include("forge.api.v3.vault_urls")),
    path("", include("forge.api.v3.content_urls")),
    *repository_routes(
        ("", RepositoryView),
        ("dispatches", RepositoryDispatchView),
    ),
    re_path("", NotFoundView.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RootView.as_view()),
    path("/", include(_below)),
]
