"""Text to seconds."""

import re

from durations.units import BY_WORD

_PART = re.compile(r"\s*(?:,|and\b)?\s*(?P<amount>\d+(?:\.\d+)?)\s*(?P<word>[a-z]*)", re.IGNORECASE)


class DurationError(ValueError):
    """The text is not a length of time; the message says where it stops making sense."""


def parse(text: str) -> float:
    """Seconds of `1h 30m`, `2 days and 4 hours`, `1.5 h`, `250ms`; a bare number counts as seconds."""
    if not text.strip():
        raise DurationError("nothing was given")
    total, position = 0.0, 0
    while text[position:].strip():
        found = _PART.match(text, position)
        if found is None:
            raise DurationError(f"expected a number at {text[position:].strip()!r}")
        total += float(found["amount"]) * _seconds(found["word"])
        position = found.end()
    return total


def _seconds(word: str) -> float:
    if not word:
        return 1
    unit = BY_WORD.get(word.lower())
    if unit is None:
        raise DurationError(f"{word!r} is no unit of time")
    return unit.seconds
