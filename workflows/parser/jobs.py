"""``jobs:`` to jobs, and what can only be said about them together."""

from __future__ import annotations

from workflows import graph
from workflows.model import Call, Job
from workflows.model import Scalar as Value
from workflows.parser import placement, read, references
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.parser.gates import concurrency, environment
from workflows.parser.identifiers import Identifiers
from workflows.parser.permissions import permissions
from workflows.parser.steps import minutes, steps
from workflows.parser.strategy import strategy
from workflows.source import Mapping, Node, Scalar

_UNKNOWN = "Job '{}' depends on unknown job '{}'."
_CYCLE = "Job '{}' depends on job '{}' which creates a cycle in the dependency graph."


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
    get = read.keyed(node).get
    given_needs = [names.get(need.lower(), need) for need, _ in read.texts(get("needs"))]
    timeout, cancel_timeout = "timeout-minutes", "cancel-timeout-minutes"
    runs_on = get("runs-on")
    return Job(
        id=text_of(key),
        name=read.filled(get("name")),
        needs=tuple(dict.fromkeys(given_needs)),
        if_=read.condition(get("if")),
        runs_on=placement.runs_on(runs_on),
        runner_group=placement.runner_group(runs_on, findings),
        env=read.table(get("env")),
        outputs=read.table(get("outputs")),
        defaults=read.defaults(get("defaults")),
        permissions=permissions(get("permissions")),
        timeout_minutes=minutes(get(timeout), timeout, findings),
        cancel_timeout_minutes=minutes(get(cancel_timeout), cancel_timeout, findings),
        continue_on_error=read.flag(get("continue-on-error"), default=False),
        strategy=strategy(get("strategy"), findings),
        concurrency=concurrency(get("concurrency"), findings),
        container=placement.container(get("container"), findings),
        services=placement.services(get("services"), findings),
        environment=environment(get("environment")),
        snapshot=placement.snapshot(get("snapshot"), findings),
        steps=steps(get("steps"), findings),
        call=_call(node, findings),
        position=key.position,
    )


def _call(node: Node, findings: Findings) -> Call | None:
    """The call of another workflow; None for a job with steps of its own."""
    uses = read.get(node, "uses")
    if not isinstance(uses, Scalar):
        return None
    reference, secrets = text_of(uses), read.get(node, "secrets")
    problem = references.problem(reference) if reference and not is_expression(uses) else ""
    if problem:
        findings.error(uses.position, problem)
    return Call(
        uses=reference,
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
        hint = _first_obstacle(needed)
        findings.error(node.position, "The workflow must contain at least one job with no dependencies.", hint=hint)
        return
    unknown, stuck = set(graph.unknown(needed)), set(graph.stuck(needed))
    for job, needs in given.items():
        for need, item in needs:
            edge = (job, names.get(need.lower(), need))
            if edge in unknown:
                findings.error(item.position, _UNKNOWN.format(job, need))
            elif edge in stuck:
                findings.error(item.position, _CYCLE.format(job, need))


def _first_obstacle(needed: dict[str, list[str]]) -> str:
    """Why no job can begin."""
    for job, need in graph.unknown(needed):
        return _UNKNOWN.format(job, need)
    for job, need in graph.stuck(needed):
        return _CYCLE.format(job, need)
    return ""


def _literal_needs(job: Node) -> list[tuple[str, Scalar]]:
    return [(need, item) for need, item in read.texts(read.get(job, "needs")) if not is_expression(item)]
