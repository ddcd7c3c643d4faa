"""What we and the judge say to an expression, in one form, so that they can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

from tests.judges.judge import Judge
from tests.judges.written import Written
from workflows.errors import ExpressionError
from workflows.expressions import evaluate, kind, parse, to_text


@dataclass(frozen=True)
class Answer:
    """A value with its kind, or what was wrong: lexing, parsing or evaluation, and the words."""

    kind: str
    value: Any = None
    message: str = ""

    @property
    def is_error(self) -> bool:
        """True when there is no value."""
        return self.kind.islower()

    @property
    def text(self) -> str:
        """As the data file writes it."""
        return f"{self.kind}: {self.message}" if self.is_error else f"{self.kind}: {self.value!r}"


def ours(question: Written) -> Answer:
    """Our answer."""
    try:
        value = evaluate(parse(question.text, question.contexts), question.contexts)
    except ExpressionError as error:
        return Answer(error.kind, message=error.message)
    return Answer(kind(value), _plain(value))


def theirs(judge: Judge, question: Written) -> Answer:
    """GitHub's packages' answer."""
    said = judge.ask("evaluate", expr=question.text, contexts=question.contexts)
    if "err" in said:
        return Answer(said["err"]["kind"], message=said["err"]["message"])
    return Answer(said["kind"], _floats(said["value"]))


def agree(mine: Answer, other: Answer) -> bool:
    """The same value of the same kind; or the same kind of error, when it is lexing in the same words.

    Of parsing errors GitHub's packages tell no position in words and of evaluation errors they say something else.
    """
    if mine.kind != other.kind:
        return False
    if mine.is_error:
        return mine.kind != "lexing" or mine.message == other.message
    return repr(mine.value) == repr(other.value)  # true is not 1


def _plain(value: object) -> Any:
    match kind(value):
        case "Number":
            number = float(cast("float", value))
            return number + 0.0 if isfinite(number) else to_text(number)
        case "Array":
            return [_plain(item) for item in cast("Iterable[object]", value)]
        case "Object":
            members = cast("Mapping[str, object]", value).items()
            return {"members": [[key, _plain(member)] for key, member in members]}
        case _:
            return value


def _floats(value: Any) -> Any:
    """JSON numbers all as floats, and minus zero, which JSON from JavaScript never has, as zero."""
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, dict):
        return {"members": _floats(value["members"])}
    return float(value) + 0.0 if isinstance(value, int | float) and not isinstance(value, bool) else value
