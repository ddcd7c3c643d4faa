"""What came of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, order=True)
class Transition:
    """One move: of an attempt (``run``), a job or a step. Nothing comes before its first status."""

    kind: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.before} -> {self.after}"


@dataclass
class Outcome:
    """``differences`` between what was expected and what came, each in words; and the moves that were seen."""

    differences: list[str] = field(default_factory=list)
    transitions: set[Transition] = field(default_factory=set)
    seconds: float = 0.0


def transitions(changes: Iterable[Mapping[str, Any]]) -> set[Transition]:
    """The moves in a run's changes, in which each row says where it stands now."""
    found: set[Transition] = set()
    last: dict[tuple[object, ...], str] = {}
    for change in changes:
        kind = change["kind"]
        row = (kind, change.get("attempt"), change.get("job"), change.get("step"))
        after = change.get("status")
        if kind not in ("attempt", "job", "step") or after is None:
            continue
        if row in last and last[row] != after:
            found.add(Transition("run" if kind == "attempt" else kind, last[row], after))
        last[row] = after
    return found
