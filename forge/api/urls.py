"""The machine doors below ``/api``."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("forge.api.graphql.urls")),
    path("api/v3", include("forge.api.v3.urls")),
    path("api/v1/", include("forge.api.agent.urls")),
    path("api/v1/", include("forge.api.v1.urls")),
]
