"""What the parser makes of a text: a tree of at most ``MAX_DEPTH`` levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from workflows.expressions.values import fold, to_text

MAX_DEPTH: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Any part of an expression. ``depth`` counts its levels, itself included."""

    depth: int = field(init=False, default=1)

    @property
    def children(self) -> tuple[Node, ...]:
        """The parts directly below, in the order of the text."""
        return ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max((child.depth for child in self.children), default=0))


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A value written out, or the name after a dot; ``text`` and ``folded`` are it as a key."""

    value: bool | float | str | None
    text: str = field(init=False, default="")
    folded: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1)
        object.__setattr__(self, "text", to_text(self.value))
        object.__setattr__(self, "folded", fold(self.text))


@dataclass(frozen=True, slots=True, eq=False)
class Named(Node):
    """A context, by its name as written."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Star(Node):
    """The ``*`` of ``a.*`` and ``a[*]``; only ever the key of an Index."""


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """``target.key`` or ``target[key]``."""

    target: Node
    key: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.target, self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """A function, by its name as written, and its arguments."""

    name: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """``!operand``."""

    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Node):
    """One of ``== != < <= > >=``."""

    operator: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class Logical(Node):
    """A whole run of ``&&`` or of ``||``: one level, however long."""

    operator: str
    operands: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def functions_used(node: Node) -> frozenset[str]:
    """The functions that an expression calls, in lower case (names ignore it)."""
    return frozenset(part.name.lower() for part in walk(node) if isinstance(part, Call))


def named_values(node: Node) -> frozenset[str]:
    """The contexts that an expression reads, in lower case (names ignore it)."""
    return frozenset(part.name.lower() for part in walk(node) if isinstance(part, Named))
