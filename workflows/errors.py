"""What can be wrong with a workflow, as one tree.

WorkflowError
├── Problem               one finding in a file, with its position (collected, rarely raised)
├── InvalidWorkflow       carries every Problem of a file
├── ExpressionError       kind is lexing, parsing or evaluation
├── InvalidMatrix         a matrix that cannot be expanded
├── InvalidInputs         inputs are not those that a workflow takes
├── WrongValue            what an expression gave is no value for its key
├── patterns.BadPattern   a filter pattern that cannot be read
├── cron.BadCron          a schedule that cannot be read
└── InvalidMessage        a message between server and runner has the wrong shape
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class WorkflowError(Exception):
    """Base of everything in this package that is the fault of its input."""


@dataclass(frozen=True)
class Problem(WorkflowError):
    """One finding: where (1-based line and column; 0 when it has no place) and what."""

    file: str
    line: int
    column: int
    message: str
    severity: Literal["error", "warning"] = "error"
    hint: str = ""  # what was probably meant; "" when nothing comes near

    @property
    def text(self) -> str:
        """Message and hint, for a person."""
        return f"{self.message}{'' if self.message.endswith('.') else '.'} {self.hint}" if self.hint else self.message

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {'warning: ' if self.severity == 'warning' else ''}{self.text}"


class InvalidWorkflow(WorkflowError):
    """The file cannot be used; ``problems`` holds every finding in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ExpressionError(WorkflowError):
    """An expression cannot be read or evaluated; ``position`` is 1-based within it, 0 when unknown."""

    def __init__(self, kind: Literal["lexing", "parsing", "evaluation"], message: str, position: int = 0) -> None:
        self.kind: Literal["lexing", "parsing", "evaluation"] = kind
        self.message = message
        self.position = position
        super().__init__(message)


class InvalidMatrix(WorkflowError):
    """A matrix cannot be expanded: no values, a key that does not exist, too many combinations."""


class InvalidInputs(WorkflowError):
    """Inputs are not those that a workflow takes; ``sentences`` says of each wrong one what is wrong with it."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("; ".join(self.sentences))


class WrongValue(WorkflowError):
    """A key's value was computed, and is none that the key can have."""


class InvalidMessage(WorkflowError):
    """A message on the wire does not have the shape that it must have."""
