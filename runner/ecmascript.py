"""Regular expressions of problem matchers: written for ECMAScript, matched within a time limit.

The ``regex`` package reads nearly the same language as ECMAScript, gives a match up after a time and lets other
threads run meanwhile. What it would read in another way is rewritten first: a brace that is no quantifier (an
approximate match there), escapes that it alone knows, ``\\cX``, ``\\u{…}``, and ``[]`` and ``[^]``.
"""

from __future__ import annotations

import re

import regex

#: Nobody can stop the package while it prepares an expression, so none is taken that would keep it busy: characters,
#: and parts once everything that repeats is laid out.
LONGEST, LARGEST = 1000, 10_000
_PART = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,(\d*))?\}|.", re.DOTALL)

#: A quantifier as ECMAScript knows them; every other brace stands for itself.
_QUANTIFIER = re.compile(r"\{\d+(?:,\d*)?\}")
_CONTROL = re.compile(r"c([A-Za-z])")
_CODE_POINT = re.compile(r"u\{([0-9A-Fa-f]{1,6})\}")
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_NAMED_REFERENCE = re.compile(r"k<(\w+)>")
#: Letters that mean the same after a backslash on both sides.
_SHARED_LETTERS = frozenset("bBdDsSwWfnrtvxu0123456789")
_WHITE_SPACE = " \\f\\n\\r\\t\\v"
#: What can look beyond its line, so that a block of lines says nothing about them.
_LOOKS_OUT = re.compile(r"\(\?(?:!|<!|[a-z]*-)|\\[AZzG]")


class BadPattern(ValueError):
    """It cannot be read; says why."""


class Pattern:
    """One expression, ready to be searched for in a line."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST or _size(text) > LARGEST:
            raise BadPattern(f"Invalid pattern '{text[:100]}': it is too large")
        source = translated(text)
        try:
            self._compiled = regex.compile(source, regex.V0 | regex.ASCII)
            self._in_block = regex.compile(source, regex.V0 | regex.ASCII | regex.MULTILINE)
        except (regex.error, RecursionError) as error:
            raise BadPattern(f"Invalid pattern '{text}': {error}") from error
        self._tells_of_blocks = _LOOKS_OUT.search(text) is None

    @property
    def groups(self) -> int:
        """How many there are, the whole match included."""
        return self._compiled.groups + 1

    def search(self, line: str, seconds: float) -> tuple[str, ...] | None:
        """The groups of the first match, the whole match first, empty where one took no part; TimeoutError."""
        found = self._compiled.search(line, timeout=seconds, concurrent=True)
        return None if found is None else (found[0], *(group or "" for group in found.groups()))

    def may_match_in(self, block: str, seconds: float) -> bool:
        """False when no line of these can match, which is found out faster than line by line."""
        if not self._tells_of_blocks:
            return True
        try:
            return self._in_block.search(block, timeout=seconds, concurrent=True) is not None
        except TimeoutError:
            self._tells_of_blocks = False
            return True


def translated(text: str) -> str:
    """The same expression as the ``regex`` package reads it."""
    pieces, at, in_set = [], 0, False
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            piece, taken = _escape(text, at + 1, in_set)
        elif in_set:
            in_set = char != "]"
            piece, taken = ("\\[" if char == "[" else char), 1
        elif char == "[":
            piece, taken = _opened(text, at)
            in_set = taken == len(piece)  # `[` and `[^`, but for those that were rewritten whole
        elif char == "{":
            quantifier = _QUANTIFIER.match(text, at)
            piece = quantifier[0] if quantifier else "\\{"
            taken = len(quantifier[0]) if quantifier else 1
        else:
            group = _NAMED_GROUP.match(text, at)
            piece, taken = ("(?P<", 3) if group else (char, 1)
        pieces.append(piece)
        at += taken
    return "".join(pieces)


def _size(text: str) -> int:
    """How many parts an expression has when what repeats is laid out; without an end counts twice."""
    groups = [0]
    last = 0
    for part in _PART.finditer(text):
        if part[0] == "(":
            groups.append(0)
            last = 0
        elif part[0] == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif part[0] in ("*", "+", "?") or part[1]:
            more = last * (max(2, int(part[1] or 0), int(part[2] or 0)) - 1)
            groups[-1] += more
            last += more
        else:
            last = 1
            groups[-1] += 1
    return max(groups)


def _opened(text: str, at: int) -> tuple[str, int]:
    if text.startswith("[^]", at):
        return r"(?s:.)", 3
    if text.startswith("[]", at):
        return r"(?!)", 2
    return ("[^", 2) if text.startswith("[^", at) else ("[", 1)


def _escape(text: str, at: int, in_set: bool) -> tuple[str, int]:
    """What stands for the escape whose letter is here, and how much of the text it takes, its backslash included."""
    if control := _CONTROL.match(text, at):
        return f"\\x{ord(control[1]) % 32:02x}", 1 + len(control[0])
    if point := _CODE_POINT.match(text, at):
        return f"\\U{int(point[1], 16):08x}", 1 + len(point[0])
    if reference := _NAMED_REFERENCE.match(text, at):
        return f"(?P={reference[1]})", 1 + len(reference[0])
    char = text[at]
    if char == "s" and in_set:
        return _WHITE_SPACE, 2
    if char == "b" and in_set:
        return "\\x08", 2
    if char.isalnum() and char not in _SHARED_LETTERS:
        return char, 2  # a letter that is escaped for no reason
    return f"\\{char}", 2
