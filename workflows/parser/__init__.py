"""A workflow file to a ``Workflow``, with everything that is wrong with it, not just the first.

``source`` reads YAML, ``check`` holds it against the schema, the other modules make the model and look
at what the schema cannot say: ids, needs, patterns, matrices. All run whatever the others found.
"""

from __future__ import annotations

from workflows import source
from workflows.errors import InvalidWorkflow, Problem
from workflows.model import Position, Workflow
from workflows.parser import read as nodes
from workflows.parser.action import parse_action, read_action
from workflows.parser.calls import Called, Calls
from workflows.parser.check import Check
from workflows.parser.events import triggers
from workflows.parser.findings import Findings
from workflows.parser.gates import concurrency
from workflows.parser.jobs import jobs
from workflows.parser.permissions import permissions
from workflows.schema import ROOT


def parse(text: bytes | str, path: str) -> Workflow:
    """The workflow in a file; InvalidWorkflow with every problem when there is an error among them."""
    workflow, problems = read(text, path)
    if workflow is None:
        raise InvalidWorkflow(problems)
    return workflow


def read(
    text: bytes | str, path: str, limits: source.Limits = source.LIMITS, called: Called | None = None
) -> tuple[Workflow | None, tuple[Problem, ...]]:
    """The workflow, None when it has an error; and every problem in file order, warnings among them.

    With ``called``, its calls are resolved; the problems of called files stand behind its own.
    """
    root, workflow, problems = _read(text, path, limits)
    if called is not None and root is not None and workflow is not None:
        calls = Calls(called, lambda reference, content: _read(content, reference, limits))
        workflow = calls.resolve(workflow, root)
        problems = (*problems, *calls.problems)
    return (None if _wrong(problems) else workflow), problems


def _read(
    text: bytes | str, path: str, limits: source.Limits
) -> tuple[source.Node | None, Workflow | None, tuple[Problem, ...]]:
    """One file by itself: its root, the workflow unless something is wrong with it, and what is."""
    root, broken = source.load(text, path, limits)
    findings = Findings(path, broken)
    workflow = None
    if root is not None:
        check = Check(findings)
        check.node(root, ROOT)
        workflow = _workflow(root, path, tuple(check.expression_keys), findings)
    problems = findings.sorted()
    return root, None if _wrong(problems) else workflow, problems


def _wrong(problems: tuple[Problem, ...]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _workflow(root: source.Node, path: str, expression_keys: tuple[Position, ...], findings: Findings) -> Workflow:
    return Workflow(
        path=path,
        name=nodes.as_written(nodes.get(root, "name")) or path,
        on=triggers(nodes.get(root, "on"), findings),
        run_name=nodes.filled(nodes.get(root, "run-name")),
        env=nodes.table(nodes.get(root, "env")),
        defaults=nodes.defaults(nodes.get(root, "defaults")),
        permissions=permissions(nodes.get(root, "permissions")),
        concurrency=concurrency(nodes.get(root, "concurrency"), findings),
        jobs=jobs(nodes.get(root, "jobs"), findings),
        expression_keys=expression_keys,
    )


__all__ = ["Called", "parse", "parse_action", "read", "read_action"]
