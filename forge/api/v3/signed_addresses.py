"""Addresses that open one thing for one minute, whoever asks: the credential is the address itself.

Clients drop or keep their token on the way as they please, so it is not heeded. A download once begun goes on.
"""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponseRedirect, JsonResponse
from rest_framework.request import Request

from forge.api import errors
from forge.api.addresses import api_url

SECONDS = 60


def redirect(request: Request, kind: str, what: dict[str, int]) -> HttpResponseRedirect:
    """302 to ``/signed/{kind}/{token}``, where the token says ``what``."""
    token = signing.dumps(what, salt=_salt(kind))
    return HttpResponseRedirect(f"{api_url(request._request)}/signed/{kind}/{token}")


def opened(request: HttpRequest, kind: str, token: str) -> dict[str, Any] | JsonResponse:
    """What a token of this kind says; the refusal for one that is wrong or too old, or for another method."""
    if request.method not in ("GET", "HEAD"):
        refused = errors.plain(request, 405, "Use GET")
        refused["Allow"] = "GET, HEAD"
        return refused
    try:
        what: dict[str, Any] = signing.loads(token, salt=_salt(kind), max_age=SECONDS)
    except signing.SignatureExpired:
        return errors.plain(request, 403, "This address has expired; ask the API for a new one")
    except signing.BadSignature:
        return errors.plain(request, 403, "The signature of this address is wrong")
    return what


def _salt(kind: str) -> str:
    return f"forge.api.signed.{kind}"
