"""Pages of a list: ``per_page`` and ``page`` in, the rows and a ``Link`` header out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import base_url

T = TypeVar("T")
DEFAULT, MOST = 30, 100
_LAST_PAGE = 10_000_000  # an offset beyond this is no list any more, and no database's number


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page: its rows, how many there are in all, and the headers that lead on."""

    rows: list[T]
    total: int
    headers: dict[str, str]


@dataclass(frozen=True)
class Window:
    """The page that is asked for: its number, and how many rows make one."""

    number: int
    per_page: int

    @property
    def start(self) -> int:
        """Rows before it."""
        return (self.number - 1) * self.per_page

    def links(self, request: Request | HttpRequest, *, more: bool, total: int | None) -> dict[str, str]:
        """The header that leads on where nobody knows (``total`` None) or need not know how many rows there are."""
        places = {} if self.number == 1 else {"prev": self.number - 1}
        if more:
            places["next"] = self.number + 1
            if total is not None:
                places["last"] = max(1, -(-total // self.per_page))
        return _header(request, places if self.number == 1 else {**places, "first": 1})


def window(request: Request | HttpRequest, default: int = DEFAULT) -> Window:
    """What ``per_page`` and ``page`` say. A number out of range means the nearest one that is in it, a word means
    the default: never an error."""
    per_page = min(_number(request.GET, "per_page", default), max(MOST, default))
    return Window(min(_number(request.GET, "page", 1), _LAST_PAGE), per_page)


def page(request: Request | HttpRequest, rows: QuerySet[Any] | Sequence[T], total: int | None = None) -> Page[Any]:
    """Cut the asked page out of ``rows``; ``total`` saves the count where it is known."""
    asked = window(request)
    if total is None:
        total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    cut = list(rows[asked.start : asked.start + asked.per_page]) if asked.start < total else []
    return Page(cut, total, _link(request, asked.number, max(1, -(-total // asked.per_page))))


def listed(shown: Page[T], key: str, shape: Callable[[T], Any]) -> Response:
    """The answer of most lists: ``{"total_count": n, key: […]}``."""
    return Response({"total_count": shown.total, key: [shape(row) for row in shown.rows]}, headers=shown.headers)


def bare(shown: Page[T], shape: Callable[[T], Any]) -> Response:
    """The answer of the older lists: the array alone."""
    return Response([shape(row) for row in shown.rows], headers=shown.headers)


def _number(query: QueryDict, name: str, default: int) -> int:
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        return default
    return max(1, int(text)) if int(text) else default


def _link(request: Request | HttpRequest, number: int, last: int) -> dict[str, str]:
    places = {"prev": min(number - 1, last), "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del places["next"], places["last"]
    if number <= 1:
        del places["prev"], places["first"]
    return _header(request, places)


def _header(request: Request | HttpRequest, places: Mapping[str, int]) -> dict[str, str]:
    inner: HttpRequest = getattr(request, "_request", request)
    links = []
    for word, target in places.items():
        query = inner.GET.copy()
        query["page"] = str(target)
        links.append(f'<{base_url(inner)}{inner.path}?{query.urlencode()}>; rel="{word}"')
    return {"Link": ", ".join(links)} if links else {}
