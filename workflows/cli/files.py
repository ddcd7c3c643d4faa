"""Reading what a command was given."""

from __future__ import annotations

import sys
from pathlib import Path


class Unreadable(Exception):
    """A file cannot be read; the message names it and says why."""


def content(name: str) -> bytes:
    """What a file holds, ``-`` standing for standard input. Raises Unreadable."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Unreadable(f"{name}: {error.strerror or error}") from error
    except ValueError as error:  # a name that no file can have, as one with a NUL
        raise Unreadable(f"{name!r}: {error}") from error
