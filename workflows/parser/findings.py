"""Collecting what is wrong with a file, without ever stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Literal

from workflows.errors import Problem
from workflows.model import Position

#: A message is cut at so many characters with its place, as GitHub does; a hostile file must not write a book.
_LONGEST = 500
#: More problems than this in one file help nobody; the last one then says how many there were.
_MOST = 500
#: Comparisons that matrices of one file may cost before no more of them are tried.
_MOST_EFFORT = 50_000


class Findings:
    """The problems of one file so far."""

    def __init__(self, path: str, found: Iterable[Problem] = ()) -> None:
        self._path = path
        self._spent = 0
        #: Each problem once, with the word that was wrong and the words that were possible, for the hint.
        self._found: dict[Problem, tuple[str, Collection[str]]] = dict.fromkeys(found, ("", ()))

    def afford(self, effort: int) -> bool:
        """Whether a check that takes so much effort is worth it: not for nothing, nor after much was spent on others.

        What is not checked here is found out when the job is expanded.
        """
        worth = effort > 0 and self._spent < _MOST_EFFORT
        self._spent += effort if worth else 0
        return worth

    def error(
        self, position: Position, message: str, word: str = "", known: Collection[str] = (), *, hint: str = ""
    ) -> None:
        """Something that makes the file unusable; ``hint``, or a known word near to ``word``, goes with it."""
        self._add(position, message, "error", word, known, hint)

    def warning(self, position: Position, message: str, word: str = "", known: Collection[str] = ()) -> None:
        """Something that is probably not meant, but does no harm."""
        self._add(position, message, "warning", word, known)

    def _add(
        self,
        position: Position,
        message: str,
        severity: Literal["error", "warning"],
        word: str,
        known: Collection[str],
        hint: str = "",
    ) -> None:
        self._found[Problem(self._path, position.line, position.column, message, severity, hint)] = (word, known)

    def sorted(self) -> tuple[Problem, ...]:
        """Every problem in file order, cut to what can be shown; hints are sought only for what is shown."""
        ordered = sorted(self._found, key=lambda problem: (problem.line, problem.column))
        shown = [_finished(problem, *self._found[problem]) for problem in ordered[:_MOST]]
        if len(ordered) > _MOST:
            hidden = ordered[_MOST:]
            worst = next((problem for problem in hidden if problem.severity == "error"), hidden[-1])
            message = f"There are {len(hidden)} more problems"
            shown.append(replace(worst, line=hidden[-1].line, column=hidden[-1].column, message=message))
        return tuple(shown)


def _finished(problem: Problem, word: str, known: Collection[str]) -> Problem:
    longest = _LONGEST - len(f"{problem.file} (Line: {problem.line}, Col: {problem.column}): ")
    if len(problem.message) > max(longest, 100):
        problem = replace(problem, message=problem.message[: max(longest, 100)] + "[...]")
    return replace(problem, hint=did_you_mean(word, known)) if word else problem


def did_you_mean(word: str, known: Collection[str]) -> str:
    """``Did you mean 'x'?`` when one of the known words is near, else nothing."""
    word = word[:100].lower().replace("_", "-")
    by_parts = {tuple(sorted(name.lower().replace("_", "-").split("-"))): name for name in sorted(known)}
    same_parts = by_parts.get(tuple(sorted(word.split("-"))))
    near = [same_parts] if same_parts else difflib.get_close_matches(word, sorted(by_parts.values()), n=1, cutoff=0.7)
    return f"Did you mean '{near[0]}'?" if near else ""
