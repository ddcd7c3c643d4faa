"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from workflows.lint.document import Document
from workflows.model import Position


@dataclass(frozen=True)
class Options:
    """What the one who asks knows better: ``labels`` that his runners have, with ``*`` and ``?`` for any text."""

    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A place where a rule is broken, and how."""

    position: Position
    message: str


@dataclass(frozen=True)
class Rule:
    """One thing that runs but is surely not meant. ``example`` is a whole file that breaks this rule alone."""

    name: str
    what: str
    why: str
    example: str
    check: Callable[[Document, Options], Iterator[Found]]


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``rule`` is ``syntax`` for what makes a file unusable; line and column are 1-based."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning"]
    rule: str
    message: str
