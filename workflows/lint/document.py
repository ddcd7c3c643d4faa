"""A file as rules look at it: its jobs, steps and expressions, each with the place where it stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from workflows import expressions
from workflows.errors import ExpressionError
from workflows.expressions.functions import MAX_ARGUMENTS
from workflows.lint import paths
from workflows.model import Position
from workflows.parser.read import entries, get, texts
from workflows.source import Mapping, Node, Scalar, Sequence

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
#: The beginning of a block scalar, after its anchor and tag.
_BLOCK = re.compile(r"(?:[&!]\S*[ \t]+){0,2}[|>]")
_WORD = re.compile(r"\S+")
_FUNCTIONS = dict.fromkeys((*expressions.STATUS_FUNCTIONS, "hashFiles"), (0, MAX_ARGUMENTS))


@dataclass(frozen=True, eq=False)
class Expression:
    """What stands between ``${{`` and ``}}``, from ``start`` to ``end`` of its scalar's text; or a bare condition."""

    text: str
    tree: expressions.Node
    scalar: Scalar
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the scalar's text."""
        return self.start + len(self.text)


@dataclass(frozen=True, eq=False)
class Job:
    """A job with its key. ``steps`` are in file order, those of parallel blocks among them."""

    id: str
    key: Scalar
    node: Mapping
    steps: tuple[Mapping, ...]

    def get(self, key: str) -> Node | None:
        """The value of one of its keys."""
        return self.node.get(key)


class Document:
    """One file. ``root`` is what YAML reads there, right or wrong; ``outputs`` has, by job in lower case, the names of
    those of the workflows that it calls, as far as they are known."""

    def __init__(self, text: str, root: Node, outputs: dict[str, frozenset[str]]) -> None:
        self.root, self.outputs = root, outputs
        self._text = text.removeprefix("\ufeff")
        #: Of each scalar that was asked for, by identity and whether it is a condition.
        self._expressions: dict[tuple[int, bool], tuple[Expression, ...]] = {}

    @cached_property
    def is_action(self) -> bool:
        """True for an action file."""
        return get(self.root, "runs") is not None and get(self.root, "jobs") is None

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of a workflow; of a composite action one, with the id "", that has its steps."""
        if self.is_action:
            runs = get(self.root, "runs")
            if not isinstance(runs, Mapping):
                return ()
            return (Job("", Scalar("", "", runs.line, runs.column), runs, _steps(runs.get("steps"))),)
        return tuple(
            Job(key.text, key, node, _steps(node.get("steps")))
            for key, node in entries(get(self.root, "jobs"))
            if isinstance(node, Mapping)
        )

    @cached_property
    def events(self) -> frozenset[str]:
        """The names of the events that start it."""
        on = get(self.root, "on")
        return frozenset([key.text for key, _ in entries(on)] or [name for name, _ in texts(on)])

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines, without their ends."""
        return tuple(_LINE_END.split(self._text))

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        return (0, *(end.end() for end in _LINE_END.finditer(self._text)))

    @cached_property
    def _node_starts(self) -> tuple[int, ...]:
        return tuple(sorted({self._offset(node) for node in _every(self.root)}))

    def _offset(self, node: Node) -> int:
        return self._line_starts[node.line - 1] + node.column - 1

    def position(self, scalar: Scalar, offset: int) -> Position:
        """Where a character of a scalar's text stands in the file; the scalar's own place when that cannot be told.

        The word that begins there is looked for between the scalar's beginning and that of whatever comes next, as
        often as it comes before in the text; a word that is written with escapes is not found so.
        """
        text = scalar.value if isinstance(scalar.value, str) else scalar.text
        word = _WORD.match(text, offset)
        if word is None:
            return scalar.position
        begin = self._offset(scalar)
        following = bisect_right(self._node_starts, begin)
        end = self._node_starts[following] if following < len(self._node_starts) else len(self._text)
        if _BLOCK.match(self._text, begin) and scalar.line < len(self._line_starts):
            begin = self._line_starts[scalar.line]
        place = begin - 1
        for _ in range(_count(text, word.group(), offset) + 1):
            place = self._text.find(word.group(), place + 1, end)
            if place < 0:
                return scalar.position
        line = bisect_right(self._line_starts, place)
        return Position(line, place - self._line_starts[line - 1] + 1)

    def expressions(self, node: Node | None, *, condition: bool = False) -> Iterator[Expression]:
        """Every expression in a scalar, or in all scalars below a node; those that cannot be read are left out.

        ``condition``: a scalar is an expression also without ``${{ }}``.
        """
        for scalar in scalars(node):
            if isinstance(scalar.value, str) and (condition or "${{" in scalar.value):
                key = (id(scalar), condition)
                if key not in self._expressions:
                    self._expressions[key] = tuple(_parsed(scalar, scalar.value, condition))
                yield from self._expressions[key]

    def place(self, expression: Expression, path: paths.Path) -> Position:
        """Where an expression reads a context, at its first mention."""
        found = paths.spelled(path).search(expression.text)
        return self.position(expression.scalar, expression.start + (found.start() if found else 0))


def scalars(node: Node | None) -> Iterator[Scalar]:
    """The scalar itself, or the values below a mapping or list in file order."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Scalar):
            yield current
        elif isinstance(current, Sequence):
            waiting.extend(reversed(current.items))
        elif isinstance(current, Mapping):
            waiting.extend(value for _, value in reversed(current.entries))


def _every(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if isinstance(current, Sequence):
            waiting.extend(current.items)
        elif isinstance(current, Mapping):
            for key, value in current.entries:
                waiting += (key, value)


def _steps(node: Node | None) -> tuple[Mapping, ...]:
    found: list[Mapping] = []
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            found += (item, *_steps(item.get("parallel")))
    return tuple(found)


def _parsed(scalar: Scalar, text: str, condition: bool) -> Iterator[Expression]:
    found = []
    if "${{" in text:
        with suppress(ExpressionError):
            found = expressions.expressions_in(text)
    elif condition and text.strip():
        found = [(text.strip(), len(text) - len(text.lstrip()))]
    for inside, start in found:
        with suppress(ExpressionError):
            yield Expression(inside, expressions.parse(inside, None, _FUNCTIONS), scalar, start)


def _count(text: str, word: str, end: int) -> int:
    """How often a word begins in a text before an offset."""
    count, place = 0, text.find(word)
    while 0 <= place < end:
        count += 1
        place = text.find(word, place + 1)
    return count
