"""Annotations: findings that a step wants a person to see, beside its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from workflows.messages import AnnotationReport

ANNOTATION_LIMIT = 10  # of one kind in one step
MESSAGE_LIMIT = 4096  # characters
#: The words of commands and of the log, and the levels of annotations.
LEVELS = {"error": "failure", "warning": "warning", "notice": "notice"}
_WORDS = {level: word for word, level in LEVELS.items()}


@dataclass(frozen=True)
class Annotation:
    """One finding for a person; ``level`` is notice, warning or failure."""

    level: str
    message: str
    title: str = ""
    path: str = ""
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    end_column: int | None = None

    def report(self, step: int, log_offset: int | None = None) -> AnnotationReport:
        """This, as the server is told of it."""
        place = (self.path, self.start_line, self.end_line, self.start_column, self.end_column)
        return AnnotationReport(step, self.level, self.message, self.title, *place, log_offset)


class StepAnnotations:
    """Those of one step: what is kept of them, and the lines that show them in its log."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self.kept: list[Annotation] = []

    def reports(self, step: int, offsets: Mapping[int, int] | None = None) -> list[AnnotationReport]:
        """All of them, for the server; ``offsets`` are places in the log. What has become a secret since is masked."""
        shown = [self._masked(found) for found in self.kept]
        return [found.report(step, (offsets or {}).get(place)) for place, found in enumerate(shown)]

    def _masked(self, found: Annotation) -> Annotation:
        mask = self._mask
        return replace(found, message=mask(found.message), title=mask(found.title), path=mask(found.path))

    def add(self, found: Annotation, shown: str | None = None) -> list[str]:
        """Keep it, masked, as far as there is room; the lines of the log, of another text than its message if given.

        Masked before it is cut: no half of a secret may stand at its end.
        """
        if sum(kept.level == found.level for kept in self.kept) < ANNOTATION_LIMIT:
            masked = self._masked(found)
            self.kept.append(replace(masked, message=masked.message[:MESSAGE_LIMIT]))
        text = found.message if shown is None else shown
        return f"##[{_WORDS[found.level]}]{text}".split("\n") if text else []


def properties(get: Callable[[str], str]) -> dict[str, str]:
    """What a command says of an annotation's place and title, with a range that makes sense."""
    names = ("file", "line", "endLine", "col", "endColumn", "title")
    found = {name: value for name in names if (value := get(name))}
    line, end = number(found.get("line")), number(found.get("endLine"))
    if end and not line:
        found["line"] = found["endLine"]
    column, end_column = number(found.get("col")), number(found.get("endColumn"))
    if end_column and not column:
        found["col"] = found["endColumn"]
    _drop_senseless(found)
    return found


def _drop_senseless(found: dict[str, str]) -> None:
    line, end = number(found.get("line")), number(found.get("endLine"))
    column, end_column = number(found.get("col")), number(found.get("endColumn"))
    if not line or (end and line != end):
        _drop(found, "col", "endColumn")
        column = None
    if column and end_column and end_column < column:
        _drop(found, "col", "endColumn")
    if line and end and end < line:
        _drop(found, "line", "endLine")


def _drop(found: dict[str, str], *names: str) -> None:
    for name in names:
        found.pop(name, None)


def number(text: str | None) -> int | None:
    """A line or column as a command writes it; None for what is none."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
