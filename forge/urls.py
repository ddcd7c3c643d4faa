"""The URL table: machine doors first, then pages."""

from django.urls import URLPattern, URLResolver, include, re_path

from forge.api import smart_http

_GIT = r"^(?P<owner>[^/]+)/(?P<repo>[^/]+?)(?:\.git)?/"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path("", include("forge.api.urls")),
    re_path(_GIT + "info/refs$", smart_http.info_refs),
    re_path(_GIT + "git-upload-pack$", smart_http.upload_pack),
    re_path(_GIT + "git-receive-pack$", smart_http.receive_pack),
    re_path("", include("forge.web.urls")),
]

handler400 = "forge.web.errors.bad_request"
handler403 = "forge.web.errors.forbidden"
handler404 = "forge.web.errors.not_found"
handler500 = "forge.web.errors.failed"
