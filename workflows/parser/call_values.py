"""What a call gives, held against what the called workflow takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from workflows.expressions.values import fold
from workflows.model import Call, Interface
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Node, Scalar

_NO_INPUT = "Invalid input, {} is not defined in the referenced workflow."
_NO_SECRET = "Invalid secret, {} is not defined in the referenced workflow."
_INPUT_MISSING = "Input {} is required, but not provided while calling."
_SECRET_MISSING = "Secret {} is required, but not provided while calling."
_MOST_COMPARED = 200


def check_values(call: Call, node: Node | None, interface: Interface, findings: Findings) -> None:
    """``with``: unknown and missing inputs, and values of another type. Texts take any scalar."""
    inputs = {fold(one.name): one for one in interface.inputs}
    known = _comparable(one.name for one in interface.inputs)
    given = set()
    for key, value in read.entries(node):
        name = fold(text_of(key))
        given.add(name)
        if name not in inputs:
            findings.error(value.position, _NO_INPUT.format(text_of(key)), text_of(key), known)
        elif isinstance(value, Scalar) and not is_expression(value) and not _fits(value, inputs[name].type):
            findings.error(value.position, f"Unexpected value '{text_of(value)}'")
    for name, one in inputs.items():
        if one.required and name not in given:
            findings.error(call.position, _INPUT_MISSING.format(one.name))


def check_secrets(call: Call, node: Node | None, interface: Interface, findings: Findings) -> None:
    """``secrets``: unknown and missing ones. Whoever inherits has what there is."""
    if call.inherits_secrets:
        return
    secrets = {fold(one.name): one for one in interface.secrets}
    known = _comparable(one.name for one in interface.secrets)
    given = set()
    for key, value in read.entries(node):
        given.add(fold(text_of(key)))
        if fold(text_of(key)) not in secrets:
            findings.error(value.position, _NO_SECRET.format(text_of(key)), text_of(key), known)
    for name, one in secrets.items():
        if one.required and name not in given:
            findings.error(call.position, _SECRET_MISSING.format(one.name))


def _comparable(names: Iterable[str]) -> Collection[str]:
    """The names to look for the one that was meant in; none where looking would take too long."""
    found = tuple(names)
    return found if len(found) <= _MOST_COMPARED else ()


def _fits(value: Scalar, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value.value, bool)
    if kind == "number":
        return isinstance(value.value, int | float) and not isinstance(value.value, bool)
    return True
