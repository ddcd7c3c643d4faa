"""Seconds to text."""

from durations.units import UNITS


def format_duration(seconds: float, parts: int = 2) -> str:
    """The largest units first, at most `parts` of them, what is left cut off: `1 h 30 min`."""
    if seconds < 0:
        return "-" + format_duration(-seconds, parts)
    left = round(seconds * 1000)
    written: list[str] = []
    for unit in UNITS:
        length = round(unit.seconds * 1000)
        amount, left = divmod(left, length)
        if amount:
            written.append(f"{amount} {unit.sign}")
        if len(written) == parts:
            break
    return " ".join(written) or "0 s"
