"""What a job or a run passes on its way: concurrency groups and environments."""

from __future__ import annotations

from workflows.model import Concurrency, Environment
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Node, Scalar

_LONGEST_GROUP = 400


def concurrency(node: Node | None, findings: Findings) -> Concurrency | None:
    """``concurrency`` of a workflow or a job; None without one."""
    if node is None:
        return None
    given = node if isinstance(node, Scalar) else read.get(node, "group")
    group = read.text(given) or ""
    if len(group) > _LONGEST_GROUP and given is not None and not is_expression(given):
        findings.error(node.position, f"Concurrency group name must be less than {_LONGEST_GROUP} characters")
    return Concurrency(
        group=group,
        cancel_in_progress=read.flag(read.get(node, "cancel-in-progress"), default=False),
        queue=read.filled(read.get(node, "queue")) or "single",
        position=node.position,
    )


def environment(node: Node | None) -> Environment | None:
    """``environment`` of a job; None without one, and for the empty text, which stands for none."""
    if isinstance(node, Scalar):
        return Environment(text_of(node), position=node.position) if text_of(node) else None
    if node is None:
        return None
    return Environment(
        name=read.text(read.get(node, "name")) or "",
        url=read.filled(read.get(node, "url")),
        deployment=read.flag(read.get(node, "deployment"), default=True),
        position=node.position,
    )
