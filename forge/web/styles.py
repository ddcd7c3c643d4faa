"""The style sheets of a page as one file: one request, however they are split."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse

from forge.web import security


def address(*names: str) -> str:
    """Where these sheets are served as one, in this order; another text has another address."""
    plain = tuple(name[:] for name in names)  # templates give a subclass of str, which paths refuse
    return f"/-/styles/{'+'.join(plain)}?v={sha256(_joined(plain)).hexdigest()[:8]}"


def serve(request: HttpRequest, names: str) -> HttpResponse:
    """The sheets that the address names. Nothing else of the folder can be had here."""
    wanted = tuple(dict.fromkeys(names.split("+")))
    if not set(wanted) <= _known():
        raise Http404
    answer = HttpResponse(_joined(wanted), content_type="text/css; charset=utf-8")
    answer["Cache-Control"] = "public, immutable, max-age=31536000"
    return answer


@cache
def _known() -> frozenset[str]:
    return frozenset(path.name for path in security.STATIC.glob("*.css"))


@cache
def _joined(names: tuple[str, ...]) -> bytes:
    return b"\n".join((security.STATIC / name).read_bytes() for name in names)
