"""Reads and writes lengths of time as people do."""

from durations.reading import DurationError, parse
from durations.writing import format_duration

__all__ = ["DurationError", "format_duration", "parse"]
__version__ = "1.0.0"
