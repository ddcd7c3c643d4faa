"""``jobs:`` to jobs, and what can only be said about them together."""

from __future__ import annotations

from workflows import graph
from workflows.model import Call, Job
from workflows.model import Scalar as Value
from workflows.parser import placement, read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.parser.gates import concurrency, environment
from workflows.parser.identifiers import Identifiers
from workflows.parser.permissions import permissions
from workflows.parser.steps import minutes, steps
from workflows.parser.strategy import strategy
from workflows.source import Mapping, Node, Scalar


def jobs(node: Node | None, findings: Findings) -> tuple[Job, ...]:
    """Every job of a workflow, in file order."""
    if not isinstance(node, Mapping):
        return ()
    names = {text_of(key).lower(): text_of(key) for key, _ in node.entries}
    found = []
    for key, value in node.entries:
        name = text_of(key)
        problem = Identifiers().problem(name) if name and not is_expression(key) else ""
        if problem:
            findings.error(key.position, problem)
        found.append(_job(key, value, names, findings))
    _check_needs(node, names, findings)
    return tuple(found)


def _job(key: Scalar, node: Node, names: dict[str, str], findings: Findings) -> Job:
    given_needs = [names.get(need.lower(), need) for need, _ in read.texts(read.get(node, "needs"))]
    timeout, cancel_timeout = "timeout-minutes", "cancel-timeout-minutes"
    runs_on = read.get(node, "runs-on")
    return Job(
        id=text_of(key),
        name=read.filled(read.get(node, "name")),
        needs=tuple(dict.fromkeys(given_needs)),
        if_=read.condition(read.get(node, "if")),
        runs_on=placement.runs_on(runs_on),
        runner_group=placement.runner_group(runs_on, findings),
        env=read.table(read.get(node, "env")),
        outputs=read.table(read.get(node, "outputs")),
        defaults=read.defaults(read.get(node, "defaults")),
        permissions=permissions(read.get(node, "permissions")),
        timeout_minutes=minutes(read.get(node, timeout), timeout, findings),
        cancel_timeout_minutes=minutes(read.get(node, cancel_timeout), cancel_timeout, findings),
        continue_on_error=read.flag(read.get(node, "continue-on-error"), default=False),
        strategy=strategy(read.get(node, "strategy"), findings),
        concurrency=concurrency(read.get(node, "concurrency"), findings),
        container=placement.container(read.get(node, "container"), findings),
        services=placement.services(read.get(node, "services"), findings),
        environment=environment(read.get(node, "environment")),
        snapshot=placement.snapshot(read.get(node, "snapshot"), findings),
        steps=steps(read.get(node, "steps"), findings),
        call=_call(node),
        position=key.position,
    )


def _call(node: Node) -> Call | None:
    """The call of another workflow; None for a job with steps of its own."""
    uses = read.get(node, "uses")
    if not isinstance(uses, Scalar):
        return None
    secrets = read.get(node, "secrets")
    return Call(
        uses=text_of(uses),
        with_=_values(read.get(node, "with")),
        secrets=read.texts_by_key(secrets),
        inherits_secrets=read.text(secrets) == "inherit",
        position=uses.position,
    )


def _values(node: Node | None) -> dict[str, Value]:
    return {name: value.value for name, value in read.own_entries(node) if isinstance(value, Scalar)}


def _check_needs(node: Mapping, names: dict[str, str], findings: Findings) -> None:
    """Unknown needs and cycles, in GitHub's words, each at the need that it is about."""
    given = {text_of(key): _literal_needs(value) for key, value in node.entries}
    needed = {job: [names.get(need.lower(), need) for need, _ in needs] for job, needs in given.items()}
    if all(needed.values()):
        findings.error(node.position, "The workflow must contain at least one job with no dependencies.")
    unknown, stuck = set(graph.unknown(needed)), set(graph.stuck(needed))
    for job, needs in given.items():
        for need, item in needs:
            edge = (job, names.get(need.lower(), need))
            if edge in unknown:
                findings.error(item.position, f"Job '{job}' depends on unknown job '{need}'.")
            elif edge in stuck:
                message = f"Job '{job}' depends on job '{need}' which creates a cycle in the dependency graph."
                findings.error(item.position, message)


def _literal_needs(job: Node) -> list[tuple[str, Scalar]]:
    return [(need, item) for need, item in read.texts(read.get(job, "needs")) if not is_expression(item)]
