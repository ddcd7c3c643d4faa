"""Static files of one kind as one file: one request a page, however they are split."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse

from forge.web import security

#: Combinations that are kept joined: pages have about ten of each kind, and whoever asks for others costs no memory.
_KEPT = 64


class Bundle:
    """Files of the static folder with one suffix, served joined at ``path``. ``join`` gets their names in order."""

    def __init__(self, path: str, suffix: str, content_type: str, join: Callable[[tuple[str, ...]], bytes]) -> None:
        self._path, self._suffix, self._content_type = path, suffix, content_type
        self._joined = lru_cache(maxsize=_KEPT)(lambda names: _versioned(join(names)))

    def address(self, *names: str) -> str:
        """Where these files are served as one, in this order; another text has another address."""
        plain = tuple(name[:] for name in names)  # templates give a subclass of str, which paths refuse
        return f"{self._path}/{'+'.join(plain)}?v={self._joined(plain)[1]}"

    def serve(self, request: HttpRequest, names: str) -> HttpResponse:
        """The files that the address names. Nothing else of the folder can be had here."""
        wanted = tuple(dict.fromkeys(names.split("+")))
        if not set(wanted) <= self._known:
            raise Http404
        content, version = self._joined(wanted)
        answer = HttpResponse(content, content_type=self._content_type)
        # While a server is replaced, a page of the new one may ask the old one: its text must not be kept for good.
        current = request.GET.get("v") == version
        answer["Cache-Control"] = "public, immutable, max-age=31536000" if current else "no-cache"
        return answer

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(path.name for path in security.STATIC.glob(f"*{self._suffix}"))


def _versioned(content: bytes) -> tuple[bytes, str]:
    return content, sha256(content).hexdigest()[:8]
