"""The URL table as tests want it: every route with its named parts, and addresses made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from forge.api.v3.base import NotFoundView

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PART = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_GIT = "(?P<owner>[^/]+)/(?P<repo>[^/]+?)(?:\\.git)?/"


@dataclass(frozen=True)
class Route:
    """One line of the table; ``pattern`` holds its parts as ``<name>``, ``kinds`` tells what each takes, ``methods``
    what its view has something for: all of them when it is a function, which may look at anything."""

    pattern: str
    kinds: Mapping[str, str]
    methods: tuple[str, ...] = METHODS

    @property
    def names(self) -> frozenset[str]:
        """The named parts."""
        return frozenset(self.kinds)

    def url(self, values: Mapping[str, object]) -> str:
        """The address with these values in its parts."""
        return "/" + re.sub(r"<(\w+)>", lambda found: str(values[found[1]]), self.pattern)


def routes() -> list[Route]:
    """Every route that there is, but for the ones that take anything."""
    return [route for route, _ in patterns()]


def patterns() -> list[tuple[Route, URLPattern]]:
    """The same, each with what Django has of it."""
    table = list(_walk(get_resolver().url_patterns, ""))
    kept = [(text, one) for text, one in table if getattr(one.callback, "cls", None) is not NotFoundView]
    return [(_route(text, pattern), pattern) for text, pattern in kept]


def _walk(patterns: list[Any], before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, text)
        else:
            yield text, pattern


def _route(text: str, pattern: URLPattern) -> Route:
    text = text.replace("^" + _GIT, "<owner>/<repo>.git/").removesuffix("$").lstrip("/")
    kinds = {part["name"]: part["kind"] or "str" for part in _PART.finditer(text)}
    view = getattr(pattern.callback, "cls", None)
    methods = tuple(method for method in METHODS if view is None or hasattr(view, method.lower()))
    return Route(_PART.sub(lambda part: f"<{part['name']}>", text), kinds, methods)
