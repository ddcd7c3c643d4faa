"""The URL table: machine doors first, then pages."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("forge.api.urls")),
    path("", include("forge.web.urls")),
]
