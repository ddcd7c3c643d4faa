"""Feeds."""

from django.urls import URLPattern, URLResolver, path

from forge.web import feeds

urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:owner>/<str:name>/actions.atom", feeds.runs, name="runs-feed"),
]
