"""GitHub-shaped routes, below ``/api/v3``."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("/", include("forge.api.v3.actions_urls")),
]
