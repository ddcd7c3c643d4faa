"""Absolute addresses in answers: on the host that the client itself used, when it is one of ours."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

API = "/api/v3"
API_V1 = "/api/v1"


def base_url(request: HttpRequest | None = None) -> str:
    """Scheme and host for the links of an answer: the public URL, or the internal one that a runner or a
    job container came by. Never what a proxy's inner port or a forged Host header says."""
    if request is not None:
        came_by = request.META.get("HTTP_HOST", "").lower()
        for url in settings.INTERNAL_URLS:
            if url.split("://", 1)[1].lower() == came_by:
                return url
    return settings.PUBLIC_URL


def api_url(request: HttpRequest | None = None) -> str:
    """Where ``/api/v3`` begins, without a slash at the end."""
    return base_url(request) + API
