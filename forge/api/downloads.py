"""The agent's package, for whoever sets up a machine: pip shows no credential, and there is nothing secret in it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from forge.runners import downloads


@require_safe
def runner(request: HttpRequest, filename: str) -> HttpResponseBase:
    """The file that ``…/actions/runners/downloads`` names; 404 for any other."""
    package = downloads.package()
    if filename != package.filename:
        raise Http404
    etag = f'"{package.sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=300",
        "Content-Disposition": f'attachment; filename="{package.filename}"',
    }
    return HttpResponse(package.content, content_type="application/zip", headers=headers)
