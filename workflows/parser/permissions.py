"""``permissions:`` to levels."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.parser import read
from workflows.schema.jobs import PERMISSIONS
from workflows.source import Node, Scalar


def permissions(node: Node | None) -> Mapping[str, str] | None:
    """Level by name, every name that is not there being ``none``; None when nothing is said."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        levels = ("write", "read") if read.text(node) == "write-all" else ("read",)
        best = {name: next((word for word in levels if word in place.words), "") for name, place in PERMISSIONS.items()}
        return {name: level for name, level in best.items() if level}
    return {name: level for name, level in read.table(node).items() if name in PERMISSIONS}
