"""Concurrency groups: which ones something has to pass, and who of those that ask for one has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workflows import expressions
from workflows.decide import strategies
from workflows.decide.snapshot import Gate, Group
from workflows.errors import WrongValue
from workflows.model import Concurrency

#: GitHub's limits: characters of a name, and how many wait in a group with ``queue: max``.
LONGEST_NAME = 400
MOST_WAITING = 100


def evaluate(contexts: Mapping[str, object], said: Concurrency | None) -> tuple[Group, ...]:
    """The group that ``concurrency`` names; none for the empty name. Raises ExpressionError, WrongValue."""
    if said is None:
        return ()
    name = expressions.render(said.group, contexts).strip()
    if len(name) > LONGEST_NAME:
        raise WrongValue(f"Concurrency group name must be less than {LONGEST_NAME} characters")
    cancels = strategies.flag(said.cancel_in_progress, contexts)
    if cancels and said.queue == "max":
        raise WrongValue("'queue: max' and 'cancel-in-progress: true' cannot be combined")
    return (Group(name, cancels, said.queue),) if name else ()


def different(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Without those that are named before, in whatever case."""
    return tuple({group.name.lower(): group for group in reversed(groups)}.values())[::-1]


def gate(groups: Sequence[Group]) -> Gate:
    """How something new stands with the groups that it has to pass."""
    return Gate.WANTED if groups else Gate.OPEN


@dataclass(frozen=True)
class Asker:
    """Something that holds a group or waits for it. ``ref`` and ``sequence`` say which push of a ref caused it, where
    one did: pushes may come to ask in another order than they were made."""

    id: int
    cancel_in_progress: bool = False
    queue: str = "single"
    ref: str = ""
    sequence: int = 0

    def is_older(self, other: Asker) -> bool:
        """True when both come from pushes of one ref, and the other from a later one."""
        return bool(self.ref) and self.ref == other.ref and 0 < self.sequence < other.sequence


@dataclass(frozen=True)
class Line:
    """What is decided of a group: who gets it now, whose place was taken by whom (None: the queue is full), and who
    wants the holder to stop."""

    grant: int | None = None
    refused: Mapping[int, int | None] = field(default_factory=dict)
    stops_holder: int | None = None


def settle(holder: Asker | None, waiting: Sequence[Asker]) -> Line:
    """Who of those that wait, in the order in which they asked, stays in line, and what follows.

    Whoever comes to a free group first has it, also when others have asked before anybody could decide. One of
    ``single`` takes the place of all that wait, one of ``max`` stands behind them; what a later push of the same ref
    caused is never stopped by what an earlier one did.
    """
    line: list[Asker] = []
    refused: dict[int, int | None] = {}
    granted: Asker | None = None
    for one in waiting:
        now = holder or granted
        newer = _newer(one, now, line)
        if newer is not None:
            refused[one.id] = newer.id
        elif now is None:
            granted = one
        elif one.queue == "max" and len(line) >= MOST_WAITING:
            refused[one.id] = None
        elif one.queue == "max":
            line.append(one)
        else:
            refused |= {other.id: one.id for other in line}
            line = [one]
    stops = next((one.id for one in line if one.cancel_in_progress), None)
    return Line(granted.id if granted else None, refused, stops)


def _newer(one: Asker, holder: Asker | None, line: Sequence[Asker]) -> Asker | None:
    """Who of a later push would have taken this one's place, had they come in their order."""
    for other in line:
        if one.is_older(other) and other.queue == "single":
            return other
    return holder if holder is not None and one.is_older(holder) and holder.cancel_in_progress else None
