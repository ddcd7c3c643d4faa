"""Relative addresses in a repository's documents: they lead to its own files at the same ref, and nowhere else."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from django.conf import settings

#: How the ids of a drawn document's headings begin, so that none is one of the page's own.
PREFIX = "doc-"
#: Pictures that are shown; others have pages.
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp)", re.IGNORECASE)
_LINE = re.compile(r"L\d+(?:-L\d+)?")


@dataclass(frozen=True)
class Links:
    """``repository`` is the address of its page, ``ref`` what the document stands at, ``folder`` where it stands."""

    repository: str
    ref: str
    folder: str = ""

    def page(self, address: str) -> str | None:
        """The page of the file or folder that a document means by this; None for what lies outside or is no path."""
        path = self._path(address)
        if path is None:
            return None
        part = urlsplit(address).fragment
        if part and path.lower().endswith(".md") and not _LINE.fullmatch(part):
            part = PREFIX + part
        verb = "blob" if path and not address.partition("#")[0].endswith("/") else "tree"
        return self._address(verb, path) + (f"#{part}" if part else "")

    def picture(self, address: str) -> str | None:
        """Where the bytes of a picture of the repository are, or the badge of one of its workflows; None for others."""
        place = address.removeprefix(settings.PUBLIC_URL)
        badge = rf"{re.escape(self.repository)}/actions/workflows/[^/?#]+/badge\.svg(?:\?[^#]*)?"
        if place != address and re.fullmatch(badge, place):
            return place
        path = self._path(address)
        if path is None or not _PICTURE.fullmatch(posixpath.splitext(path)[1]):
            return None
        return self._address("raw", path)

    def _path(self, address: str) -> str | None:
        """The path within the repository; a leading slash means its top."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        path = unquote(parts.path)
        if parts.scheme or parts.netloc or any(ord(letter) < 32 for letter in path):
            return None
        folder = "" if path.startswith("/") else self.folder
        whole = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
        if whole.split("/")[0] == "..":
            return None
        return "" if whole == "." else whole

    def _address(self, verb: str, path: str) -> str:
        return f"{self.repository}/{verb}/{quote(self.ref)}" + (f"/{quote(path)}" if path else "")
