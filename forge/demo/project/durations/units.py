"""The units, longest first, and every way to write each."""

from typing import NamedTuple


class Unit(NamedTuple):
    """One unit: its sign in output, its length in seconds, and the words that mean it."""

    sign: str
    seconds: float
    words: tuple[str, ...]


UNITS = (
    Unit("wk", 604_800, ("w", "wk", "week", "weeks")),
    Unit("d", 86_400, ("d", "day", "days")),
    Unit("h", 3_600, ("h", "hr", "hour", "hours")),
    Unit("min", 60, ("m", "min", "minute", "minutes")),
    Unit("s", 1, ("s", "sec", "second", "seconds")),
    Unit("ms", 0.001, ("ms", "millisecond", "milliseconds")),
)
BY_WORD = {word: unit for unit in UNITS for word in unit.words}
