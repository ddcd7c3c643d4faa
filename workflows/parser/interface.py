"""What a workflow takes and gives: the inputs of ``workflow_dispatch``, and all of ``workflow_call``."""

from __future__ import annotations

from workflows.model import CallInput, CallOutput, CallSecret, DispatchInput, Interface
from workflows.model import Scalar as Value
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Node, Scalar

#: GitHub's limit of inputs that a person is asked for.
MOST_DISPATCH_INPUTS = 25
_TOO_MANY = f"you may only define up to {MOST_DISPATCH_INPUTS} `inputs` for a `workflow_dispatch` event"
_RESERVED = "secret name `{}` within `workflow_call` can not be used since it would collide with system reserved name"


def dispatch_inputs(node: Node | None, findings: Findings) -> tuple[DispatchInput, ...]:
    """The inputs of ``workflow_dispatch``, in file order."""
    found = tuple(_dispatch_input(text_of(key), value, findings) for key, value in read.entries(node))
    if node is not None and len(found) > MOST_DISPATCH_INPUTS:
        findings.error(node.position, _TOO_MANY)
    return found


def interface(node: Node, findings: Findings) -> Interface:
    """``on.workflow_call``; an empty one when it says nothing."""
    inputs, secrets, outputs = (read.entries(read.get(node, key)) for key in ("inputs", "secrets", "outputs"))
    return Interface(
        inputs=tuple(_call_input(text_of(key), value, findings) for key, value in inputs),
        secrets=tuple(_call_secret(key, value, findings) for key, value in secrets),
        outputs=tuple(CallOutput(text_of(key), _said(value, "value"), _description(value)) for key, value in outputs),
    )


def _said(node: Node, key: str) -> str:
    return read.text(read.get(node, key)) or ""


def _description(node: Node) -> str:
    return _said(node, "description")


def _required(node: Node) -> bool:
    return read.flag(read.get(node, "required"), default=False) is True


def _dispatch_input(name: str, node: Node, findings: Findings) -> DispatchInput:
    default = read.get(node, "default")
    found = DispatchInput(
        name=name,
        description=_description(node),
        type=read.text(read.get(node, "type")) or "string",
        required=_required(node),
        default=read.text(default),
        options=tuple(word for word, _ in read.texts(read.get(node, "options"))),
        deprecation=_said(node, "deprecationMessage"),
    )
    if found.type == "choice" and not found.options:
        findings.error(node.position, "Missing 'options' for choice input")
    elif found.type != "choice" and read.get(node, "options") is not None:
        findings.error(node.position, "Input type is not 'choice', but 'options' is defined")
    if default is not None and not _default_fits(found, default):
        findings.error(default.position, f"Unexpected value '{found.default}'")
    elif default is not None and found.options and found.default and found.default not in found.options:
        message = f"The default '{found.default}' is not among the options: whoever starts the workflow has to choose"
        findings.warning(default.position, message, found.default, found.options)
    return found


def _default_fits(found: DispatchInput, default: Node) -> bool:
    value = default.value if isinstance(default, Scalar) else None
    if value is None:
        return True
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


def _call_secret(key: Scalar, node: Node, findings: Findings) -> CallSecret:
    name = text_of(key)
    if name.upper() == "GITHUB_TOKEN":
        findings.error(key.position, _RESERVED.format(name))
    return CallSecret(name, _description(node), _required(node))


def _call_input(name: str, node: Node, findings: Findings) -> CallInput:
    kind = read.text(read.get(node, "type")) or "string"
    return CallInput(
        name=name,
        type=kind,
        description=_description(node),
        required=_required(node),
        default=_call_default(kind, read.get(node, "default"), findings),
        deprecation=_said(node, "deprecationMessage"),
    )


def _call_default(kind: str, node: Node | None, findings: Findings) -> Value:
    """A default of the input's type; a text with expressions is worked out by the caller."""
    if not isinstance(node, Scalar):
        return None
    value = node.value
    if is_expression(node):
        return str(value)
    if kind == "string":
        return text_of(node)
    wanted: type | tuple[type, ...] = bool if kind == "boolean" else (int, float)
    if isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool)):
        return value
    if kind in ("boolean", "number"):
        findings.error(node.position, f"Unexpected value '{text_of(node)}'")
    return None
