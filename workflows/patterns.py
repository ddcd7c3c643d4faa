"""GitHub's filter patterns for branches, tags and paths.

``*`` stands for anything but ``/``, ``**`` for anything; ``?`` and ``+`` say that the character or set
before them may be missing or may repeat; ``[]`` lists letters, digits and ranges; a backslash takes the
next character as it is; ``!`` at the start takes back what an earlier pattern matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

from workflows.errors import WorkflowError

_MAX_LENGTH = 1024
_FOLDERS = re.compile(r"\*\*+/")


class BadPattern(WorkflowError):
    """The pattern cannot be read; the message says why."""


def matches_any(patterns: Sequence[str], names: Iterable[str]) -> bool:
    """True when at least one name is matched: the last pattern that fits a name decides on it."""
    return any(_selected(patterns, name) for name in names)


def matches_all(patterns: Sequence[str], names: Iterable[str]) -> bool:
    """True when every name is matched, so that an ``…-ignore`` filter leaves nothing."""
    return all(_selected(patterns, name) for name in names)


def check(pattern: str) -> None:
    """BadPattern when the pattern cannot be read."""
    _compiled(pattern.removeprefix("!"))


def _selected(patterns: Sequence[str], name: str) -> bool:
    selected = False
    for pattern in patterns:
        takes_back = pattern.startswith("!")
        if selected is takes_back and _compiled(pattern[takes_back:]).fits(name):
            selected = not takes_back
    return selected


@dataclass(frozen=True)
class _Part:
    """One character of a name: what it may be, whether more of them may follow, what may be left out."""

    members: frozenset[str]  # what it may be; of ``others``, what it may not be
    others: bool = False
    repeats: bool = False
    skip: int = 0  # so many parts, from this one on, may be absent together: 0, 1, or the 3 of ``**/``
    literal: str = ""  # the one character that it is, always and once


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> _Pattern:
    return _Pattern(pattern)


class _Pattern:
    """A pattern as parts, matched by following all ways at once.

    Bit n of a number stands for part n, so that a character costs a few operations, however many ways there are.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _MAX_LENGTH:
            raise BadPattern(f"The pattern is longer than {_MAX_LENGTH} characters")
        if not pattern:
            raise BadPattern("The pattern is empty")
        parts = _parts(pattern)
        self._start = _literal_run(parts)
        self._end = _literal_run(parts[::-1])[::-1]
        self._exact = len(self._start) == len(parts)
        self._last = 1 << len(parts)
        self._others = _bits(part.others for part in parts)
        self._repeats = _bits(part.repeats for part in parts)
        self._optional = _bits(part.skip == 1 for part in parts)
        self._folders = _bits(part.skip == 3 for part in parts)
        self._members: dict[str, int] = {}
        for number, part in enumerate(parts):
            for character in part.members:
                self._members[character] = self._members.get(character, 0) | 1 << number

    def fits(self, name: str) -> bool:
        """True when the whole name is matched."""
        if self._exact or not (name.startswith(self._start) and name.endswith(self._end)):
            return self._exact and name == self._start
        places = self._reach(1)
        for character in name:
            fitting = places & (self._others ^ self._members.get(character, 0))
            places = self._reach(fitting << 1 | fitting & self._repeats)
            if not places:
                return False
        return bool(places & self._last)

    def _reach(self, places: int) -> int:
        """The places, and those behind parts that may be absent.

        ``**/`` stands at the start or behind a slash that must be there, so it is never behind an absent part. The sum
        carries each place through a run of optional parts to the place behind it.
        """
        places |= (places & self._folders) << 3
        return places | ((self._optional + (places & self._optional)) ^ self._optional)


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << number for number, flag in enumerate(flags) if flag)


def _literal_run(parts: Sequence[_Part]) -> str:
    """The characters with which a name must begin, as far as each is the only one that can stand there."""
    return "".join(takewhile(bool, (part.literal for part in parts)))


_ANY = _Part(frozenset(), others=True)
_NOT_SLASH = _Part(frozenset("/"), others=True)


def _parts(pattern: str) -> list[_Part]:
    parts: list[_Part] = []
    at, repeatable = 0, False
    while at < len(pattern):
        character = pattern[at]
        if character in "?+":
            if not repeatable:
                raise BadPattern(f"'{character}' must follow a character or a set")
            parts.append(replace(parts.pop(), repeats=character == "+", skip=int(character == "?"), literal=""))
            at, repeatable = at + 1, False
        elif character == "*":
            at, repeatable = _stars(pattern, at, parts), False
        else:
            part, at = _set(pattern, at) if character == "[" else _literal(pattern, at)
            parts.append(part)
            repeatable = True
    return parts


def _stars(pattern: str, at: int, parts: list[_Part]) -> int:
    """One star, or two; ``**/`` at the start of a folder name stands for any folders, also for none."""
    end = at
    while pattern[end : end + 1] == "*":
        end += 1
    if end - at == 1:
        parts.append(replace(_NOT_SLASH, repeats=True, skip=1))
    elif pattern[end : end + 1] == "/" and pattern[at - 1 : at] in ("", "/"):
        while more := _FOLDERS.match(pattern, end + 1):  # one more of it says nothing more
            end = more.end() - 1
        # Absent as a whole, or with its slash: `**/end` is no `bend`.
        parts += [replace(_ANY, skip=3), replace(_ANY, repeats=True, skip=1), _Part(frozenset("/"))]
        end += 1
    else:
        parts.append(replace(_ANY, repeats=True, skip=1))
    return end


def _literal(pattern: str, at: int) -> tuple[_Part, int]:
    at += pattern[at] == "\\"
    if at == len(pattern):
        raise BadPattern("A backslash at the end takes no character as it is")
    return _Part(frozenset(pattern[at]), literal=pattern[at]), at + 1


def _set(pattern: str, at: int) -> tuple[_Part, int]:
    end = pattern.find("]", at)
    listed = pattern[at + 1 : end]
    if end < 0 or not listed:
        raise BadPattern("A set needs characters and a closing ']'")
    members: set[str] = set()
    at = 0
    while at < len(listed):
        first, last = listed[at], listed[at]
        if listed[at + 1 : at + 2] == "-" and at + 2 < len(listed):
            last, at = listed[at + 2], at + 2
        if not (first == last or ((first + last).isascii() and (first + last).isalnum() and first < last)):
            raise BadPattern(f"'{first}-{last}' is not a range of letters or digits")
        members.update(map(chr, range(ord(first), ord(last) + 1)))
        at += 1
    return _Part(frozenset(members)), end + 1
