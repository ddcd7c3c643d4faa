"""What a file is made of.

Nodes are never changed once they are made; they are not frozen because that makes them twice as slow to make,
and a file has thousands.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.model import Position

#: What YAML makes of a leaf.
Value = str | bool | int | float | None


class _Placed:
    """What has a place in the file."""

    __slots__ = ()
    line: int
    column: int

    @property
    def position(self) -> Position:
        """Where it begins."""
        return Position(self.line, self.column)


@dataclass(slots=True)
class Scalar(_Placed):
    """A leaf. ``text`` is what stands there; ``value`` what YAML 1.2 makes of it."""

    value: Value
    text: str
    line: int
    column: int


@dataclass(slots=True)
class Sequence(_Placed):
    """A list."""

    items: list[Node]
    line: int
    column: int


@dataclass(slots=True)
class Mapping(_Placed):
    """A map in file order. Keys are unique without regard to case; a second one was reported and dropped."""

    entries: list[tuple[Scalar, Node]]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        """The value of a key, spelled exactly so; None when absent."""
        for name, value in self.entries:
            if name.text == key:
                return value
        return None


Node = Scalar | Sequence | Mapping
