"""Feeds and badges."""

from django.urls import URLPattern, URLResolver, path

from forge.web import badges, feeds

urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:owner>/<str:name>/actions.atom", feeds.runs, name="runs-feed"),
    path("<str:owner>/<str:name>/actions/workflows/<path:file>/badge.svg", badges.of_file, name="badge"),
    path("<str:owner>/<str:name>/workflows/<path:workflow>/badge.svg", badges.of_name, name="badge-by-name"),
]
