"""Pages of a list: ``per_page`` and ``page`` in, the rows and a ``Link`` header out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def page(request: Request | HttpRequest, rows: QuerySet[Any] | Sequence[T], total: int | None = None) -> Page[Any]:
    """Cut the asked page out of ``rows``; ``total`` saves the count where it is known. A number out of
    range means the nearest one that is in it, a word means the default: never an error."""
    per_page = min(_number(request.GET, "per_page", DEFAULT), MOST)
    number = min(_number(request.GET, "page", 1), _LAST_PAGE)
    if total is None:
        total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    start = (number - 1) * per_page
    cut = list(rows[start : start + per_page]) if start < total else []
    return Page(cut, total, _link(request, number, max(1, -(-total // per_page))))


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
    inner: HttpRequest = getattr(request, "_request", request)
    places = {"prev": min(number - 1, last), "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del places["next"], places["last"]
    if number <= 1:
        del places["prev"], places["first"]
    links = []
    for word, target in places.items():
        query = inner.GET.copy()
        query["page"] = str(target)
        links.append(f'<{base_url(inner)}{inner.path}?{query.urlencode()}>; rel="{word}"')
    return {"Link": ", ".join(links)} if links else {}
