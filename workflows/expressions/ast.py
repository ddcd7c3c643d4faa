"""What the parser makes of a text: a tree of at most ``MAX_DEPTH`` levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.expressions.values import fold, to_text

MAX_DEPTH: Final = 50


# Made by the thousand and never changed once the parser has made them; `frozen` would make each cost twice as much.


@dataclass(slots=True, eq=False)
class Node:
    """Any part of an expression. ``depth`` counts its levels, itself included."""

    depth: int = field(init=False, default=1)

    @property
    def children(self) -> tuple[Node, ...]:
        """The parts directly below, in the order of the text."""
        return ()


@dataclass(slots=True, eq=False)
class Literal(Node):
    """A value written out, or the name after a dot; ``text`` and ``folded`` are it as a key."""

    value: bool | float | str | None
    text: str = field(init=False, default="")
    folded: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.text = self.value if type(self.value) is str else to_text(self.value)
        self.folded = fold(self.text)


@dataclass(slots=True, eq=False)
class Named(Node):
    """A context, by its name as written."""

    name: str


@dataclass(slots=True, eq=False)
class Star(Node):
    """The ``*`` of ``a.*`` and ``a[*]``; only ever the key of an Index."""


@dataclass(slots=True, eq=False)
class Index(Node):
    """``target.key`` or ``target[key]``."""

    target: Node
    key: Node

    def __post_init__(self) -> None:
        self.depth = 1 + max(self.target.depth, self.key.depth)

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.target, self.key)


@dataclass(slots=True, eq=False)
class Call(Node):
    """A function, by its name as written, and its arguments; ``built_in`` is how it works if it is one of ours."""

    name: str
    arguments: tuple[Node, ...]
    built_in: Callable[[Any, tuple[Node, ...]], object] | None = None

    def __post_init__(self) -> None:
        self.depth = 1 + max([argument.depth for argument in self.arguments], default=0)

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments


@dataclass(slots=True, eq=False)
class Not(Node):
    """``!operand``."""

    operand: Node

    def __post_init__(self) -> None:
        self.depth = 1 + self.operand.depth

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Compare(Node):
    """One of ``== != < <= > >=``."""

    operator: str
    left: Node
    right: Node

    def __post_init__(self) -> None:
        self.depth = 1 + max(self.left.depth, self.right.depth)

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(slots=True, eq=False)
class Logical(Node):
    """A whole run of ``&&`` or of ``||``: one level, however long."""

    operator: str
    operands: tuple[Node, ...]

    def __post_init__(self) -> None:
        self.depth = 1 + max([operand.depth for operand in self.operands])

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands


@dataclass(slots=True, eq=False)
class Watched(Node):
    """A part whose evaluation somebody looks on at: ``told`` gets a way to its value, and gives it back."""

    inner: Node
    told: Callable[[Callable[[], object]], object]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.inner,)


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
