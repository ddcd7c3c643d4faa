"""Workflow runs, jobs, workflows and their logs, below ``/api/v3/``."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
