"""``on:`` to triggers."""

from __future__ import annotations

from workflows import patterns
from workflows.model import DispatchInput, Filter, Trigger
from workflows.parser import read
from workflows.parser.check import text_of
from workflows.parser.findings import Findings
from workflows.schema.events import EVENTS
from workflows.source import Mapping, Node, Scalar

_BOTH = "you may only define one of `{0}` and `{0}-ignore` for a single event"


def triggers(node: Node | None, findings: Findings) -> tuple[Trigger, ...]:
    """The triggers of a workflow, in file order; events that Forge does not support yet are left out."""
    if isinstance(node, Mapping):
        given = [(text_of(key), key, value) for key, value in node.entries]
        return tuple(_trigger(name, key, value, findings) for name, key, value in given if _supported(name))
    named = read.texts(node)
    return tuple(Trigger(name, position=item.position) for name, item in named if _supported(name))


def _supported(name: str) -> bool:
    return name in EVENTS and EVENTS[name].supported


def _trigger(name: str, key: Scalar, node: Node, findings: Findings) -> Trigger:
    inputs = tuple(_input(input_name, value, findings) for input_name, value in read.entries(read.get(node, "inputs")))
    return Trigger(
        event=name,
        branches=_filter(node, "branches", findings),
        tags=_filter(node, "tags", findings),
        paths=_filter(node, "paths", findings),
        types=tuple(word for word, _ in read.texts(read.get(node, "types"))),
        inputs=inputs,
        position=key.position,
    )


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


def _input(key: Scalar, node: Node, findings: Findings) -> DispatchInput:
    options = tuple(word for word, _ in read.texts(read.get(node, "options")))
    kind = read.text(read.get(node, "type")) or "string"
    found = DispatchInput(
        name=text_of(key),
        description=read.text(read.get(node, "description")) or "",
        type=kind,
        required=read.flag(read.get(node, "required"), default=False) is True,
        default=read.text(read.get(node, "default")),
        options=options,
    )
    if kind == "choice" and not options:
        findings.error(node.position, "Required property is missing: options")
    default = read.get(node, "default")
    if default is not None and not _default_fits(found, default):
        findings.error(default.position, f"Unexpected value '{found.default}'")
    return found


def _default_fits(found: DispatchInput, default: Node) -> bool:
    value = default.value if isinstance(default, Scalar) else None
    if value is None:
        return True
    if found.type == "choice":
        return not found.options or found.default in found.options
    if found.type == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if found.type == "number":
        return _is_number(found.default or "")
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
