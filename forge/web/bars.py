"""How long the last runs took, as bars with the colours of their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge.actions.models import Run
from forge.web import appearance, clock

WIDTH, GAP, HEIGHT = 8, 2, 48
_LEAST = 3


@dataclass(frozen=True)
class Bar:
    """One run: its place in the picture, and its words."""

    run: Run
    look: appearance.Look
    took: str
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Chart:
    """The picture; the oldest run stands on the left, the longest is as high as the picture."""

    bars: tuple[Bar, ...]
    longest: str
    median: str
    height: int = HEIGHT

    @property
    def width(self) -> int:
        """In pixels."""
        return len(self.bars) * (WIDTH + GAP) - GAP


def chart(runs: Sequence[Run]) -> Chart | None:
    """The bars of finished runs, oldest first; None when they are too few to compare."""
    attempts = [(run, run.latest_attempt) for run in runs if run.latest_attempt is not None]
    lengths = [(one.completed_at - one.started_at).total_seconds() if one.completed_at else 0.0 for _, one in attempts]
    if len(lengths) < 2:
        return None
    longest = max(*lengths, 1.0)
    bars = []
    for number, ((run, attempt), length) in enumerate(zip(attempts, lengths, strict=True)):
        height = max(_LEAST, round(HEIGHT * length / longest))
        place = number * (WIDTH + GAP)
        bars.append(Bar(run, appearance.of(attempt), clock.duration(length), place, HEIGHT - height, height))
    middle = sorted(lengths)[len(lengths) // 2]
    return Chart(tuple(bars), clock.duration(longest), clock.duration(middle))
