"""``permissions:`` to levels."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.parser import read
from workflows.schema.jobs import PERMISSIONS
from workflows.source import Node, Scalar

_SHORT = {"read-all": "read", "write-all": "write"}


def permissions(node: Node | None) -> Mapping[str, str] | None:
    """Level by name, every name that is not there being ``none``; None when nothing is said.

    ``read-all`` and ``write-all`` are laid out: to every name the level, or the highest below it that it knows.
    """
    if node is None:
        return None
    if isinstance(node, Scalar):
        level = _SHORT.get(read.text(node) or "")
        found = {name: _highest(level, place.words) for name, place in PERMISSIONS.items()}
        if level == "read":
            found["id-token"] = "read"  # as on GitHub, though there is nothing to read
        return {name: level for name, level in found.items() if level}
    return {name: level for name, level in read.texts_by_key(node).items() if name in PERMISSIONS}


def _highest(level: str | None, known: tuple[str, ...]) -> str:
    if level == "write" and "write" in known:
        return "write"
    return "read" if level and "read" in known else ""
