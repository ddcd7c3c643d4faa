"""How much an evaluation may hold at once, so that a hostile text cannot fill the memory.

Sizes are GitHub's rough ones: 26 bytes and two a character for a text, 8 for the place of an item, 24 for a value.
"""

from __future__ import annotations

from typing import Final

from workflows.errors import ExpressionError

#: Bytes for one expression, and for all expressions of one template, where nothing else is said.
EXPRESSION_MEMORY: Final = 1024 * 1024
TEMPLATE_MEMORY: Final = 10 * 1024 * 1024

ITEM: Final = 8
VALUE: Final = 24


def text_size(text: str) -> int:
    """What a text counts, in bytes."""
    return 26 + 2 * len(text)


class Budget:
    """Bytes in use and the most there may be."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def charge(self, size: int) -> None:
        """Take ``size`` bytes; ExpressionError (evaluation) when they are not there."""
        self.used += size
        if self.used > self.limit:
            raise ExpressionError("evaluation", "The maximum allowed memory size was exceeded")

    def settle(self, before: int, result: object) -> None:
        """A call is over: what was taken since ``before`` is free again, but for a text that it made.

        An array or an object may still hold all of it, so then everything stays taken.
        """
        if isinstance(result, str):
            self.used = before
            self.charge(text_size(result))
        elif result is None or isinstance(result, bool | int | float):
            self.used = before
