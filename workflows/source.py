"""YAML to nodes that remember line and column.

Only the scanner is PyYAML's (its C one, libyaml). The rules are YAML 1.2 core: ``on`` and ``yes`` are
texts, ``010`` is ten, ``12:30:00`` is a text. Nodes are built from events with a stack of our own, so
that neither nesting nor aliases can exhaust anything: depth, aliases, size after expansion and bytes are
bounded by ``Limits``. Whatever is wrong becomes a ``Problem``; nothing else is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from workflows.errors import Problem
from workflows.model import Position


@dataclass(frozen=True)
class Limits:
    """Bounds of one file. ``nodes`` counts what aliases repeat as often as they repeat it."""

    bytes: int = 500_000
    depth: int = 50
    aliases: int = 100
    nodes: int = 100_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. ``text`` is what stands there; ``value`` what YAML 1.2 makes of it."""

    value: str | bool | int | float | None
    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True, slots=True)
class Mapping:
    """A map in file order. Keys are unique without regard to case; a second one was reported and dropped."""

    entries: tuple[tuple[Scalar, Node], ...]
    position: Position

    def get(self, key: str) -> Node | None:
        """The value of a key, spelled exactly so; None when absent."""
        return next((value for name, value in self.entries if name.text == key), None)


Node = Scalar | Sequence | Mapping

_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+])?\.(inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_EXACT = 2.0**53


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


@dataclass
class _Open:
    """A collection whose end has not been seen yet."""

    position: Position
    is_map: bool
    anchor: str | None
    size: int = 1
    height: int = 1
    items: list[Node] = field(default_factory=list)
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    key: Node | None = None


@dataclass(frozen=True)
class _Anchored:
    node: Node
    size: int
    height: int


class _Reader:
    """Events to nodes."""

    def __init__(self, text: str, path: str, limits: Limits, problems: list[Problem]) -> None:
        self._text, self._path, self._limits, self._problems = text, path, limits, problems
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._aliases = 0
        self._size = 0
        self._root: Node | None = None

    def document(self) -> Node:
        """The one document of the file."""
        documents = 0
        for event in self._events():
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    _stop("A workflow file holds one document; a second one begins here", event.start_mark)
            else:
                self._take(event)
        if self._root is None:
            raise _Broken("The file is empty; a mapping with the keys 'on' and 'jobs' was expected", 1, 1)
        return self._root

    def _events(self) -> Iterator[Any]:
        try:
            loader = yaml.CSafeLoader(self._text)
        except (yaml.YAMLError, UnicodeError) as error:
            raise _Broken(f"Invalid YAML: {error}") from None
        try:
            while loader.check_event():
                yield loader.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            _stop(f"Invalid YAML: {_words(error, self._text)}", mark)
        except yaml.YAMLError as error:
            raise _Broken(f"Invalid YAML: {error}") from None
        finally:
            loader.dispose()

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(*_value(event), _position(event.start_mark))
            self._anchor(event.anchor, _Anchored(node, 1, 0))
            self._place(node, 1, 0)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._open(event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _open(self, event: Any) -> None:
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if is_map else "seq")):
            _stop(f"Unexpected tag '{event.tag}'", event.start_mark)
        if len(self._stack) >= self._limits.depth:
            _stop("Maximum object depth exceeded", event.start_mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(_position(event.start_mark), is_map, event.anchor))

    def _close(self) -> None:
        ended = self._stack.pop()
        node: Node
        if ended.is_map:
            node = Mapping(tuple(ended.entries), ended.position)
        else:
            node = Sequence(tuple(ended.items), ended.position)
        self._anchor(ended.anchor, _Anchored(node, ended.size, ended.height))
        self._place(node, ended.size, ended.height)

    def _anchor(self, name: str | None, anchored: _Anchored) -> None:
        if name:
            self._anchors[name] = anchored

    def _alias(self, event: Any) -> None:
        self._aliases += 1
        if self._aliases > self._limits.aliases:
            _stop(f"Too many aliases: at most {self._limits.aliases} are allowed", event.start_mark)
        if event.anchor not in self._anchors:
            _stop(f"Unknown alias '{event.anchor}'", event.start_mark)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            _stop(f"The alias '{event.anchor}' stands inside what it repeats", event.start_mark)
        if len(self._stack) + anchored.height > self._limits.depth:
            _stop("Maximum object depth exceeded", event.start_mark)
        self._place(anchored.node, anchored.size, anchored.height)

    def _place(self, node: Node, size: int, height: int) -> None:
        """Put a finished node where it belongs: into what is open, or at the root."""
        if not self._stack:
            self._root = node
            return
        into = self._stack[-1]
        into.size += size
        into.height = max(into.height, height + 1)
        if into.size > self._limits.nodes:
            raise _Broken("Maximum object size exceeded", node.position.line, node.position.column)
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
            self._problem(f"A {kind} was not expected", key.position)
            return
        name = key.text.casefold()
        if name in into.names and "${{" not in name:
            self._problem(f"'{key.text}' is already defined", key.position)
            return
        into.names.add(name)
        into.entries.append((key, value))

    def _problem(self, message: str, position: Position) -> None:
        self._problems.append(Problem(self._path, position.line, position.column, message))


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


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


def _value(event: Any) -> tuple[str | bool | int | float | None, str]:
    """Value and text of a scalar; a plain one by the core schema, a tagged one by its tag."""
    text: str = event.value
    if event.tag is None:
        return (plain(text), text) if event.implicit[0] else (text, text)
    if event.tag in ("!", _TAG + "str"):
        return text, text
    kinds: dict[str, tuple[type, ...]] = {
        _TAG + "null": (type(None),),
        _TAG + "bool": (bool,),
        _TAG + "int": (int, float),
        _TAG + "float": (int, float),
    }
    if event.tag not in kinds:
        _stop(f"Unexpected tag '{event.tag}'", event.start_mark)
    value = plain(text)
    if type(value) not in kinds[event.tag]:
        mark = event.start_mark
        where = f"on line {mark.line + 1} and column {mark.column + 1}"
        _stop(f"The value '{text}' {where} is invalid for the type '{event.tag}'", mark)
    return value, text


def plain(text: str) -> str | bool | int | float | None:
    """What an unquoted text means in YAML 1.2's core schema. Numbers are doubles, whole ones given as int."""
    if text in _NULLS:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        if text.startswith(("0o", "0x")):
            return _number(float(int(text, 0))) if len(text) < 200 else float("inf")
        return _number(float(text))
    if _FLOAT.fullmatch(text):
        return _number(float(text))
    special = _SPECIAL.fullmatch(text)
    if special is None:
        return text
    return float("nan") if special.group(2) is None else float((special.group(1) or "") + "inf")


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < _EXACT else value
