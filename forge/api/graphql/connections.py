"""Lists in Relay's way: so many after (or before) a cursor.

A cursor names the row that it points to; the page begins where that row stands now. It must be a row of the same
list, so that nobody learns by it where a row stands that he may not see.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from forge.api.graphql.errors import Refused

MOST = 100
_PREFIX = "cursor:v1:"
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class PageInfo:
    """What stands before and after a page."""

    has_next_page: bool = False
    has_previous_page: bool = False
    start_cursor: str | None = None
    end_cursor: str | None = None


@dataclass(frozen=True)
class Edge:
    """A node and the cursor at which it stands."""

    cursor: str
    node: Any


@dataclass(frozen=True)
class Paging:
    """The arguments of every list. ``name`` is the field's, for what is said when they are wrong."""

    name: str
    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def backward(self) -> bool:
        """True when the page is counted from the end."""
        return self.first is None

    def size(self) -> int:
        """How many are wanted; ``Refused`` when that is not said, or out of range."""
        if (self.first is None) == (self.last is None):
            raise Refused(
                f"You must provide a `first` or `last` value, and not both, to paginate the `{self.name}` connection.",
                "MISSING_PAGINATION_BOUNDARIES",
            )
        word, wanted = ("last", self.last) if self.first is None else ("first", self.first)
        if wanted is None or not 0 <= wanted <= MOST:
            raise Refused(
                f"Requesting {wanted} records on the `{self.name}` connection: `{word}` is 0 to {MOST}.",
                "EXCESSIVE_PAGINATION",
            )
        return wanted


@dataclass(frozen=True)
class Sort:
    """What a list is ordered by; rows of the same value stand in the order of their ids."""

    key: str | Combinable = "pk"
    down: bool = False


class Connection(Generic[Row]):
    """A list of rows. Each thing is looked up when it is asked for: a count alone fetches no row."""

    def __init__(
        self, rows: QuerySet[Row], paging: Paging, show: Callable[[Sequence[Row]], list[Any]], sort: Sort | None = None
    ) -> None:
        self._rows, self._paging, self._show, self._sort = rows, paging, show, sort or Sort()

    @cached_property
    def total_count(self) -> int:
        """How many there are, on all pages."""
        return self._rows.count()

    @cached_property
    def nodes(self) -> list[Any]:
        """What is shown of the rows of the page."""
        return self._show(self._page[0])

    @cached_property
    def edges(self) -> list[Edge]:
        """The same with cursors."""
        return [Edge(_cursor(row), node) for row, node in zip(self._page[0], self.nodes, strict=True)]

    @cached_property
    def page_info(self) -> PageInfo:
        """Whether it goes on, and from where."""
        (rows, more), paging = self._page, self._paging
        before, after = paging.before is not None, paging.after is not None
        return PageInfo(
            before if paging.backward else more,
            more if paging.backward else after,
            _cursor(rows[0]) if rows else None,
            _cursor(rows[-1]) if rows else None,
        )

    @cached_property
    def _page(self) -> tuple[list[Row], bool]:
        """The rows of the page, and whether there are more in its direction."""
        size, key = self._paging.size(), self._sort.key
        keyed: QuerySet[Any] = self._rows.annotate(sort_key=F(key) if isinstance(key, str) else key)
        rows = self._within(keyed, self._paging.after, behind=True)
        rows = self._within(rows, self._paging.before, behind=False, among=keyed)
        down = self._sort.down != self._paging.backward
        ordered = rows.order_by("-sort_key", "-pk") if down else rows.order_by("sort_key", "pk")
        found = list(ordered[: size + 1])
        cut = found[:size]
        return (cut[::-1] if self._paging.backward else cut), len(found) > size

    def _within(
        self, rows: QuerySet[Any], cursor: str | None, *, behind: bool, among: QuerySet[Any] | None = None
    ) -> QuerySet[Any]:
        if cursor is None:
            return rows
        anchor = (rows if among is None else among).order_by().filter(pk=_row_of(cursor))
        if not anchor.exists():
            raise _bad(cursor)
        word = "lt" if self._sort.down == behind else "gt"
        value = anchor.values("sort_key")[:1]
        return rows.filter(Q(**{f"sort_key__{word}": value}) | Q(sort_key=value, **{f"pk__{word}": _row_of(cursor)}))


class Nothing:
    """A list of what Forge does not have."""

    total_count = total_size = 0
    nodes: tuple[Any, ...] = ()
    edges: tuple[Edge, ...] = ()
    page_info = PageInfo()


NOTHING = Nothing()


def _cursor(row: Model) -> str:
    return base64.b64encode(f"{_PREFIX}{row.pk}".encode()).decode()


def _row_of(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:  # a UnicodeDecodeError is a ValueError
        raise _bad(cursor) from error
    number = text.removeprefix(_PREFIX)
    if not text.startswith(_PREFIX) or not number.isdigit() or len(number) > 18:
        raise _bad(cursor)
    return int(number)


def _bad(cursor: str) -> Refused:
    return Refused(f"`{cursor[:100]}` does not appear to be a valid cursor.", "INVALID_CURSOR_ARGUMENTS")
