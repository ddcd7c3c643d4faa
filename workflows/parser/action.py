"""An action file (``action.yml``) to an ``Action``, with everything that is wrong with it."""

from __future__ import annotations

from workflows import source
from workflows.action_model import (
    Action,
    ActionInput,
    ActionOutput,
    CompositeRuns,
    DockerRuns,
    JavaScriptRuns,
)
from workflows.errors import InvalidWorkflow, Problem
from workflows.expressions.values import WHITE_SPACE
from workflows.parser import read as nodes
from workflows.parser.check import Check, text_of
from workflows.parser.findings import Findings
from workflows.parser.steps import steps
from workflows.schema import action as schema
from workflows.source import Mapping, Node, Scalar

NODE_VERSIONS = ("node12", "node16", "node20", "node24")
_KINDS = {"docker": schema.DOCKER, "composite": schema.COMPOSITE} | dict.fromkeys(NODE_VERSIONS, schema.NODE)
_USABLE = "'composite', 'docker', 'node12', 'node16', 'node20' or 'node24'"

Runs = JavaScriptRuns | DockerRuns | CompositeRuns


def parse_action(text: bytes | str, path: str) -> Action:
    """The action in a file; InvalidWorkflow with every problem when there is an error among them."""
    action, problems = read_action(text, path)
    if action is None:
        raise InvalidWorkflow(problems)
    return action


def read_action(
    text: bytes | str, path: str, limits: source.Limits = source.LIMITS
) -> tuple[Action | None, tuple[Problem, ...]]:
    """The action, None when it has an error; and every problem in file order, warnings among them."""
    root, broken = source.load(text, path, limits)
    findings = Findings(path, broken)
    action = None
    if root is not None:
        runs = nodes.get(root, "runs")
        using = _using(runs, findings)
        Check(findings).node(root, schema.root(_KINDS.get(using)))
        if isinstance(runs, Mapping) and using:
            action = _action(root, path, _runs(using, runs, findings))
    problems = findings.sorted()
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    return action, problems


def _action(root: Node, path: str, runs: Runs) -> Action:
    return Action(
        path=path,
        name=nodes.text(nodes.get(root, "name")) or path,
        runs=runs,
        description=nodes.text(nodes.get(root, "description")) or "",
        author=nodes.text(nodes.get(root, "author")) or "",
        inputs=tuple(_input(key, value) for key, value in nodes.entries(nodes.get(root, "inputs"))),
        outputs=tuple(_output(key, value) for key, value in nodes.entries(nodes.get(root, "outputs"))),
        position=root.position,
    )


def _input(key: Scalar, node: Node) -> ActionInput:
    return ActionInput(
        name=text_of(key),
        description=nodes.text(nodes.get(node, "description")) or "",
        required=nodes.flag(nodes.get(node, "required"), default=False) is True,
        default=nodes.text(nodes.get(node, "default")),
        deprecation=nodes.text(nodes.get(node, "deprecationMessage")) or "",
    )


def _output(key: Scalar, node: Node) -> ActionOutput:
    description = nodes.text(nodes.get(node, "description")) or ""
    return ActionOutput(text_of(key), description, nodes.text(nodes.get(node, "value")))


def _using(runs: Node | None, findings: Findings) -> str:
    """The kind of action, in small letters; "" when there is none that can run, which is reported."""
    if runs is None:
        return ""  # the check says that it is missing
    if not isinstance(runs, Mapping):
        what = f"Unexpected value '{text_of(runs)}'" if isinstance(runs, Scalar) else "A sequence was not expected"
        findings.error(runs.position, what)
        return ""
    said = runs.get("using")
    if not isinstance(said, Scalar) or not text_of(said):
        position = runs.position if said is None else said.position
        findings.error(position, f"Missing 'using' value. 'using' requires {_USABLE}.")
        return ""
    using = text_of(said).lower()
    if using in _KINDS:
        return using
    message = f"'using: {text_of(said)}' is not supported, use {_USABLE} instead."
    findings.error(said.position, message, using, tuple(_KINDS))
    return ""


def _runs(using: str, node: Mapping, findings: Findings) -> Runs:
    if using == "docker":
        return _docker(node)
    return CompositeRuns(steps(node.get("steps"), findings)) if using == "composite" else _node(using, node)


def _node(using: str, node: Mapping) -> JavaScriptRuns:
    return JavaScriptRuns(
        using=using,
        main=nodes.text(node.get("main")) or "",
        pre=nodes.text(node.get("pre")),
        pre_if=_condition(node.get("pre-if")),
        post=nodes.text(node.get("post")),
        post_if=_condition(node.get("post-if")),
    )


def _docker(node: Mapping) -> DockerRuns:
    return DockerRuns(
        image=nodes.text(node.get("image")) or "",
        env=nodes.texts_by_key(node.get("env")),
        args=tuple(text for text, _ in nodes.texts(node.get("args"))),
        entrypoint=nodes.text(node.get("entrypoint")),
        pre_entrypoint=nodes.text(node.get("pre-entrypoint")),
        pre_if=_condition(node.get("pre-if")),
        post_entrypoint=nodes.text(node.get("post-entrypoint")),
        post_if=_condition(node.get("post-if")),
    )


def _condition(node: Node | None) -> str:
    """As written: unlike that of a step, it does not ask for success by itself."""
    return (nodes.text(node) or "").strip(WHITE_SPACE) or "always()"
