"""The machine doors: all that is below ``/api``, what machines download, and their description for people."""

from django.urls import URLPattern, URLResolver, include, path

from forge.api import downloads, reference

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("forge.api.graphql.urls")),
    path("api/v3", include("forge.api.v3.urls")),
    path("api/v1/", include("forge.api.agent.urls")),
    path("api/v1/", include("forge.api.v1.urls")),
    path("-/downloads/<str:filename>", downloads.runner),
    path("-/api", reference.index),
    path("-/api/<str:operation_id>", reference.operation),
]
