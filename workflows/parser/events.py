"""``on:`` to triggers."""

from __future__ import annotations

from workflows import patterns
from workflows.model import Filter, Trigger
from workflows.parser import read
from workflows.parser.check import text_of
from workflows.parser.findings import Findings
from workflows.parser.interface import dispatch_inputs, interface
from workflows.parser.schedules import schedules
from workflows.schema.events import EVENTS
from workflows.source import Mapping, Node, Scalar

_BOTH = "you may only define one of `{0}` and `{0}-ignore` for a single event"


def triggers(node: Node | None, findings: Findings) -> tuple[Trigger, ...]:
    """The triggers of a workflow, in file order; what is no event was reported by the check and is left out."""
    if isinstance(node, Mapping):
        given = [(text_of(key), key, value) for key, value in node.entries]
        return tuple(_trigger(name, key, value, findings) for name, key, value in given if name in EVENTS)
    return tuple(_trigger(name, item, item, findings) for name, item in read.texts(node) if name in EVENTS)


def _trigger(name: str, key: Scalar, node: Node, findings: Findings) -> Trigger:
    return Trigger(
        event=name,
        branches=_filter(node, "branches", findings),
        tags=_filter(node, "tags", findings),
        paths=_filter(node, "paths", findings),
        types=_words(node, "types"),
        workflows=_workflows(key, node, findings) if name == "workflow_run" else (),
        names=_filter(node, "names", findings),
        versions=_filter(node, "versions", findings),
        inputs=dispatch_inputs(read.get(node, "inputs"), findings) if name == "workflow_dispatch" else (),
        schedules=schedules(node, findings) if name == "schedule" else (),
        interface=interface(node, findings) if name == "workflow_call" else None,
        position=key.position,
    )


def _words(node: Node, name: str) -> tuple[str, ...]:
    return tuple(word for word, _ in read.texts(read.get(node, name)))


def _workflows(key: Scalar, node: Node, findings: Findings) -> tuple[str, ...]:
    given = read.texts(read.get(node, "workflows"))
    for pattern, item in given:
        if pattern:
            _check_pattern(pattern, item, findings)
    if not given:
        findings.warning(key.position, "`on.workflow_run` does not reference any workflows, so it never matches")
    return tuple(pattern for pattern, _ in given)


def _filter(node: Node, name: str, findings: Findings) -> Filter | None:
    wanted, ignored = read.get(node, name), read.get(node, f"{name}-ignore")
    if wanted is not None and ignored is not None:
        findings.error(ignored.position, _BOTH.format(name))
    chosen = ignored if wanted is None else wanted
    if chosen is None:
        return None
    given = read.texts(chosen)
    for pattern, item in given:
        if pattern:
            _check_pattern(pattern, item, findings)
    if wanted is not None and given and all(pattern.startswith("!") for pattern, _ in given):
        findings.warning(wanted.position, f"`{name}` has only patterns with `!`, so it never matches")
    return Filter(tuple(pattern for pattern, _ in given), ignore=wanted is None)


def _check_pattern(pattern: str, item: Scalar, findings: Findings) -> None:
    try:
        patterns.check(pattern)
    except patterns.BadPattern as error:
        findings.error(item.position, f"Invalid pattern '{pattern}': {error}")
