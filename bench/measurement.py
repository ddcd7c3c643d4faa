"""What a row of the benchmark gives back, and the figures that are made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """Measured values of one thing, in one unit; for times that is seconds."""

    name: str
    values: tuple[float, ...]
    unit: str = "s"

    def percentile(self, percent: float) -> float:
        """The smallest value that at least so many percent of the samples do not exceed (nearest rank)."""
        if not self.values:
            raise ValueError(f"{self.name}: no samples")
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]

    @property
    def p50(self) -> float:
        """The median."""
        return self.percentile(50)

    @property
    def p95(self) -> float:
        """What one in twenty exceeds."""
        return self.percentile(95)


@dataclass(frozen=True)
class Figure:
    """A further figure of a row: its median, or another percentile, is to be at most ``most``."""

    samples: Samples
    most: float | None = None
    percent: float = 50

    @property
    def value(self) -> float:
        """What is judged."""
        return self.samples.percentile(self.percent)

    @property
    def is_missed(self) -> bool:
        """True when it is more than it may be."""
        return self.most is not None and self.value > self.most


@dataclass(frozen=True)
class Measurement:
    """Ours, and beside it the floor or the peer from the same run. `note` says what a reader must know."""

    ours: Samples
    floor: Samples | None = None
    note: str = ""
    figures: tuple[Figure, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Our median as a multiple of the floor's; None without a floor."""
        return self.ours.p50 / self.floor.p50 if self.floor and self.floor.p50 else None


def written(value: float, unit: str) -> str:
    """A value as one reads it: `168 ms`, `2.41 s`, `6,033 /s`."""
    if unit != "s":
        return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    for factor, name in ((1, "s"), (1_000, "ms"), (1_000_000, "µs")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}" if value * factor < 1000 else f"{value * factor:,.0f} {name}"
    return f"{value * 1_000_000_000:.3g} ns"


def spread(samples: Samples) -> Sequence[str]:
    """p50, p95 and how many there are, ready to print."""
    return written(samples.p50, samples.unit), written(samples.p95, samples.unit), str(len(samples.values))
