"""The machine doors below ``/api``, and their description for people."""

from django.urls import URLPattern, URLResolver, include, path

from forge.api import reference

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v3", include("forge.api.v3.urls")),
    path("api/v1/", include("forge.api.agent.urls")),
    path("api/v1/", include("forge.api.v1.urls")),
    path("-/api", reference.index),
    path("-/api/<str:operation_id>", reference.operation),
]
