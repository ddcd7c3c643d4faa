"""The lifecycle calls, below ``/api/v1/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.v1.lifecycle import JobCancelView, RunRerunView

urlpatterns: list[URLPattern | URLResolver] = [
    path("jobs/<int:job_id>/cancel", JobCancelView.as_view()),
    path("runs/<int:run_id>/rerun", RunRerunView.as_view()),
]
