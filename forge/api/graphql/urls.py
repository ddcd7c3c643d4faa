"""Where GitHub Enterprise Server has GraphQL: beside ``/api/v3``, not below it."""

from django.urls import URLPattern, path

from forge.api.graphql.view import GraphqlView

urlpatterns: list[URLPattern] = [path("graphql", GraphqlView.as_view())]
