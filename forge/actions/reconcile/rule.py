"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

#: What the sweeps should have done is overdue after so long.
OVERDUE = timedelta(minutes=10)

Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Found:
    """Rows that break a rule. ``object`` is ``job:12``; ``scope`` what to look at again: ``run:3``."""

    rule: str
    object: str
    scope: str
    data: Mapping[str, Any] = field(default_factory=dict)
    #: Advancing the run again may put it right.
    mends: bool = False

    def __str__(self) -> str:
        said = ", ".join(f"{key} {value!r}" for key, value in self.data.items())
        return f"{self.rule}: {self.object} of {self.scope}" + (f": {said}" if said else "")


#: Object, scope, and what is wrong with it.
Breach = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True)
class Rule(Generic[Rows]):
    """Something that is always true of the rows. ``check`` yields what breaks it.

    ``mends``: when an open attempt breaks it, ``advance`` is asked once to put it right.
    """

    name: str
    sentence: str
    check: Callable[[Rows], Iterator[Breach]]
    mends: bool = False

    def look(self, rows: Rows) -> Iterator[Found]:
        """Everything among these rows that breaks the rule."""
        for thing, scope, data in self.check(rows):
            yield Found(self.name, thing, scope, data, self.mends)
