"""The URL table beside the operations: which there are, and what their views declare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from django.urls import URLPattern

from forge.accounts.needs import Need, needed
from forge.api.declared import DeclaredView
from tests.forge.api.endpoints.cases import METHODS, Operation
from tests.forge.routes import Route, patterns

BY_NAME, BY_ID = "/api/v3/repos/{owner}/{repo}", "/api/v3/repositories/{repository_id}"
FEED = "/{owner}/{name}/actions.atom"
#: What a function takes, which no class says.
_OF_FUNCTIONS = {"log": ("PUT",), "signed": ("GET",), "runs": ("GET",)}


@dataclass(frozen=True)
class Known:
    """A line of the URL table as the cases name it; ``methods`` are what it has something for."""

    path: str
    kinds: Mapping[str, str]
    methods: tuple[str, ...]
    pattern: URLPattern

    @property
    def names(self) -> tuple[str, ...]:
        """The named parts."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    def url(self, values: Mapping[str, Any]) -> str:
        """The address, its parts quoted as clients do."""
        return re.sub(r"{(\w+)}", lambda found: quote(str(values[found[1]]), safe=""), self.path)

    def need(self, method: str) -> Need | None:
        """What the view declares of a job's token; None when it is no view of the API."""
        view = getattr(self.pattern.callback, "cls", None)
        if view is None or not issubclass(view, DeclaredView):
            return None
        said = getattr(self.pattern.callback, "initkwargs", {}).get("permission", view.permission)
        return needed(said, method)

    def made_up(self, name: str) -> Any:
        """A value for a part that nothing has."""
        return 987_654_321 if self.kinds[name] == "int" else "nothing-here"


@cache
def table() -> dict[str, Known]:
    """Every path of the API and the feed. What stands at two addresses that differ in a slash stands here once; the
    second names of repositories' paths (by id) are left out, since ``known`` makes them."""
    found: dict[str, Known] = {}
    for route, pattern in patterns():
        path = "/" + re.sub(r"<(\w+)>", r"{\1}", route.pattern)
        if (path.startswith("/api/") or path == FEED) and not path.startswith(BY_ID):
            found.setdefault(path.rstrip("/"), Known(path.rstrip("/"), route.kinds, _methods(route, pattern), pattern))
    return found


def of(operation: Operation) -> Known:
    """The line of an operation; KeyError when there is none."""
    return table()[operation.address.rstrip("/")]


def by_id(known: Known) -> Known | None:
    """The same view under the repository's id, if it is one of a repository's."""
    if not known.path.startswith(BY_NAME):
        return None
    path = known.path.replace(BY_NAME, BY_ID, 1)
    kinds = {name: kind for name, kind in known.kinds.items() if name not in ("owner", "repo")}
    return Known(path, {**kinds, "repository_id": "int"}, known.methods, known.pattern)


def _methods(route: Route, pattern: URLPattern) -> tuple[str, ...]:
    if getattr(pattern.callback, "cls", None) is None:
        return _OF_FUNCTIONS.get(pattern.callback.__name__, ("POST",))
    return tuple(method for method in METHODS if method in route.methods)
