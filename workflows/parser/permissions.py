"""``permissions:`` to levels."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.parser import read
from workflows.parser.check import text_of
from workflows.parser.findings import Findings
from workflows.schema.jobs import PERMISSIONS
from workflows.source import Node, Scalar

_ONLY_READS = "'{}: {}' is not supported by Forge yet: GITHUB_TOKEN can only read"


def permissions(node: Node | None, findings: Findings) -> Mapping[str, str] | None:
    """Level by name, every name that is not there being ``none``; None when nothing is said.

    To write is refused: better no run than one whose last step finds out.
    """
    if node is None:
        return None
    if isinstance(node, Scalar):
        if read.text(node) == "write-all":
            findings.error(node.position, _ONLY_READS.format("permissions", "write-all"))
        return {name: "read" for name, place in PERMISSIONS.items() if "read" in place.words}
    for key, value in read.entries(node):
        if isinstance(value, Scalar) and text_of(key) in PERMISSIONS and text_of(value) == "write":
            findings.error(value.position, _ONLY_READS.format(text_of(key), "write"))
    return {name: level for name, level in read.table(node).items() if name in PERMISSIONS}
