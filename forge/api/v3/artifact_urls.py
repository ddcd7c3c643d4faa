"""Artifacts and caches, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v3 import artifacts, caches
from forge.api.v3.base import repository_routes

_ARTIFACT = "actions/artifacts/<int:artifact_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("signed/artifacts/<str:token>", artifacts.signed),
    path("orgs/<str:org>/actions/cache/usage", caches.OrganizationCacheUsageView.as_view()),
    path("orgs/<str:org>/actions/cache/usage-by-repository", caches.OrganizationCacheUsagesView.as_view()),
    *repository_routes(
        ("actions/artifacts", artifacts.ArtifactsView),
        (_ARTIFACT, artifacts.ArtifactView),
        (f"{_ARTIFACT}/<str:archive_format>", artifacts.ArtifactArchiveView),
        ("actions/runs/<int:run_id>/artifacts", artifacts.RunArtifactsView),
        ("actions/caches", caches.CachesView),
        ("actions/caches/<int:cache_id>", caches.CacheView),
        ("actions/cache/usage", caches.CacheUsageView),
        ("actions/cache/usage-policy", caches.CachePolicyView),
    ),
]
