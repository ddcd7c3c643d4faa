"""Collecting what is wrong with a file, without ever stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

from workflows.errors import Problem
from workflows.model import Position

#: A message is cut at so many characters, as GitHub does; a hostile file must not write a book.
_LONGEST = 500
#: More problems than this in one file help nobody; the last one then says how many there were.
_MOST = 500


class Findings:
    """The problems of one file so far."""

    def __init__(self, path: str, found: Iterable[Problem] = ()) -> None:
        self._path = path
        self._found = list(found)

    def error(self, position: Position, message: str, hint: str = "") -> None:
        """Something that makes the file unusable."""
        self._add(position, message, hint, "error")

    def warning(self, position: Position, message: str, hint: str = "") -> None:
        """Something that is probably not meant, but does no harm."""
        self._add(position, message, hint, "warning")

    def _add(self, position: Position, message: str, hint: str, severity: Literal["error", "warning"]) -> None:
        self._found.append(Problem(self._path, position.line, position.column, message, severity, hint))

    def sorted(self) -> tuple[Problem, ...]:
        """Every problem once, in file order, cut to what can be shown."""
        ordered = sorted(dict.fromkeys(self._found), key=lambda problem: (problem.line, problem.column))
        shown = [_cut(problem) for problem in ordered[:_MOST]]
        if len(ordered) > _MOST:
            shown.append(Problem(self._path, 0, 0, f"There are {len(ordered) - _MOST} more problems"))
        return tuple(shown)


def _cut(problem: Problem) -> Problem:
    if len(problem.message) <= _LONGEST:
        return problem
    message = problem.message[: _LONGEST - 5] + "[...]"
    return Problem(problem.file, problem.line, problem.column, message, problem.severity, problem.hint)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'x'?`` when one of the known words is near, else nothing."""
    word = word[:100].lower().replace("_", "-")
    by_parts = {tuple(sorted(name.lower().replace("_", "-").split("-"))): name for name in sorted(known)}
    if tuple(sorted(word.split("-"))) in by_parts:
        return f"Did you mean '{by_parts[tuple(sorted(word.split('-')))]}'?"
    near = difflib.get_close_matches(word, sorted(by_parts.values()), n=1, cutoff=0.7)
    return f"Did you mean '{near[0]}'?" if near else ""
