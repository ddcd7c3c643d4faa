"""Events of the scanner to nodes, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from workflows.errors import Problem
from workflows.expressions.values import fold
from workflows.source.nodes import Mapping, Node, Scalar, Sequence
from workflows.source.scalars import TAG, BadTag, plain, tagged


@dataclass(frozen=True)
class Limits:
    """Bounds of one file. ``nodes`` counts the beginnings and ends of all that is in it, with what aliases repeat as
    often as they repeat it, and long texts by their length."""

    bytes: int = 500_000
    depth: int = 50
    aliases: int = 1_000
    nodes: int = 50_000


LIMITS = Limits()

_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A text counts as one node more for every so many characters.
_CHARACTERS_OF_A_NODE = 64


class _Broken(Exception):
    """Stops the reading of a file at a problem after which nothing sensible follows."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def load(text: bytes | str, path: str, limits: Limits = LIMITS) -> tuple[Node | None, tuple[Problem, ...]]:
    """Read one file. The node is None when there is nothing to go on with; then there is a problem."""
    problems: list[Problem] = []
    try:
        node = _Reader(_decode(text, limits), path, limits, problems).document()
    except _Broken as broken:
        problems.append(Problem(path, broken.line, broken.column, broken.message))
        return None, tuple(problems)
    return node, tuple(problems)


def _decode(text: bytes | str, limits: Limits) -> str:
    """The text without a byte order mark, within bounds, all of it printable."""
    if len(text) > limits.bytes:
        raise _Broken(f"The maximum file size of {limits.bytes} characters has been exceeded")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line, column = _place(error.object[: error.start].decode("utf-8", "replace"))
            raise _Broken(f"Invalid UTF-8 at byte {error.start}: {error.reason}", line, column) from None
    text = text.removeprefix("\ufeff")
    wrong = _NOT_PRINTABLE.search(text)
    if wrong:
        line, column = _place(text[: wrong.start()])
        raise _Broken(f"The character U+{ord(wrong.group()):04X} is not allowed in YAML", line, column)
    return text


def _place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows the text."""
    lines = re.split("\r\n|[\n\r]", before)
    return len(lines), len(lines[-1]) + 1


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen yet."""

    line: int
    column: int
    is_map: bool
    anchor: str | None
    size: int = 2
    height: int = 1
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    key: Node | None = None


class _Reader:
    """Events to nodes."""

    def __init__(self, text: str, path: str, limits: Limits, problems: list[Problem]) -> None:
        self._text, self._path, self._limits, self._problems = text, path, limits, problems
        self._stack: list[_Open] = []
        #: By name: the node, its size and its height; None while it is not finished.
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._aliases = 0
        self._documents = 0
        self._root: Node | None = None

    def document(self) -> Node:
        """The one document of the file."""
        try:
            loader = yaml.CSafeLoader(self._text)
        except (yaml.YAMLError, UnicodeError) as error:
            raise _Broken(f"Invalid YAML: {error}") from None
        try:
            self._read(loader)
        except yaml.MarkedYAMLError as error:
            _stop(f"Invalid YAML: {_words(error, self._text)}", error.problem_mark or error.context_mark)
        except yaml.YAMLError as error:
            raise _Broken(f"Invalid YAML: {error}") from None
        finally:
            loader.dispose()
        if self._root is None:
            raise _Broken("The file is empty; a mapping was expected", 1, 1)
        return self._root

    def _read(self, loader: Any) -> None:
        next_event, scalar_event, end_event = loader.get_event, yaml.ScalarEvent, yaml.StreamEndEvent
        others = {
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar_event:
                self._scalar(event)
            elif kind in others:
                others[kind](event)
            elif kind is end_event:
                return

    def _begin(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            _stop("A workflow file holds one document; a second one begins here", event.start_mark)

    def _scalar(self, event: Any) -> None:
        text, mark = event.value, event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if event.tag is not None:
            try:
                value = tagged(text, event.tag, event.style, line, column)
            except BadTag as bad:
                raise _Broken(str(bad), line, column) from None
        else:
            value = plain(text) if event.implicit[0] else text
        node = Scalar(value, text, line, column)
        size = 1 + len(text) // _CHARACTERS_OF_A_NODE
        if event.anchor:
            self._anchors[event.anchor] = (node, size, 0)
        self._add(node, size, 0)

    def _open(self, event: Any) -> None:
        is_map, mark = type(event) is yaml.MappingStartEvent, event.start_mark
        if event.tag not in (None, "!", TAG + ("map" if is_map else "seq")):
            _stop(f"Unexpected tag '{event.tag}'", mark)
        if len(self._stack) >= self._limits.depth:
            _stop("Maximum object depth exceeded", mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(mark.line + 1, mark.column + 1, is_map, event.anchor))

    def _close(self, event: Any) -> None:
        ended = self._stack.pop()
        node: Node
        if ended.is_map:
            node = Mapping(ended.entries, ended.line, ended.column)
        else:
            node = Sequence(ended.items, ended.line, ended.column)
        if ended.anchor:
            self._anchors[ended.anchor] = (node, ended.size, ended.height)
        self._add(node, ended.size, ended.height)

    def _alias(self, event: Any) -> None:
        self._aliases += 1
        if self._aliases > self._limits.aliases:
            _stop(f"Too many aliases: at most {self._limits.aliases} are allowed", event.start_mark)
        if event.anchor not in self._anchors:
            _stop(f"Unknown anchor '{event.anchor}'", event.start_mark)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            _stop(f"The alias '{event.anchor}' stands inside what it repeats", event.start_mark)
        node, size, height = anchored
        if len(self._stack) + height > self._limits.depth:
            _stop("Maximum object depth exceeded", event.start_mark)
        self._add(node, size, height)

    def _add(self, node: Node, size: int, height: int) -> None:
        """Put a finished node where it belongs: into what is open, or at the root."""
        if not self._stack:
            self._root = node
            return
        into = self._stack[-1]
        into.size += size
        if height >= into.height:
            into.height = height + 1
        if into.size > self._limits.nodes:
            raise _Broken("Maximum YAML nodes exceeded", node.line, node.column)
        if not into.is_map:
            into.items.append(node)
        elif into.key is None:
            into.key = node
        else:
            self._entry(into, into.key, node)
            into.key = None

    def _entry(self, into: _Open, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            kind = "mapping" if isinstance(key, Mapping) else "sequence"
            self._problems.append(Problem(self._path, key.line, key.column, f"A {kind} was not expected"))
            return
        name = fold(key.text)
        if name in into.names and "${{" not in name:
            self._problems.append(Problem(self._path, key.line, key.column, f"'{key.text}' is already defined"))
            return
        into.names.add(name)
        into.entries.append((key, value))


def _stop(message: str, mark: Any) -> NoReturn:
    raise _Broken(message, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0)


def _words(error: yaml.MarkedYAMLError, text: str) -> str:
    """The scanner's complaint, with a word on tabs, the most usual cause of the most obscure one."""
    said = ", ".join(word for word in (error.context, error.problem) if word)
    mark = error.problem_mark
    if mark:
        lines = re.split("\r\n|[\n\r]", text)
        before = lines[mark.line][: mark.column + 1] if mark.line < len(lines) else ""
        if "\t" in before and not before.strip():
            return f"a tab is not allowed as indentation, use spaces ({said})"
    return said
