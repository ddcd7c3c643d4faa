"""``jobs:`` to jobs and steps, and what can only be said about them together."""

from __future__ import annotations

from workflows import graph
from workflows.model import Job, Step
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.parser.identifiers import Identifiers, repository_action
from workflows.parser.permissions import permissions
from workflows.parser.strategy import strategy
from workflows.source import Mapping, Node, Scalar, Sequence

#: The actions that run without being fetched.
BUILT_IN_ACTIONS = ("actions/checkout",)


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
    return Job(
        id=text_of(key),
        name=read.filled(read.get(node, "name")),
        needs=tuple(dict.fromkeys(given_needs)),
        if_=read.condition(read.get(node, "if")),
        runs_on=_runs_on(read.get(node, "runs-on")),
        env=read.table(read.get(node, "env")),
        outputs=read.table(read.get(node, "outputs")),
        defaults=read.defaults(read.get(node, "defaults")),
        permissions=permissions(read.get(node, "permissions"), findings),
        timeout_minutes=_minutes(read.get(node, "timeout-minutes"), findings),
        continue_on_error=read.flag(read.get(node, "continue-on-error"), default=False),
        strategy=strategy(read.get(node, "strategy"), findings),
        steps=_steps(read.get(node, "steps"), findings),
        position=key.position,
    )


def _runs_on(node: Node | None) -> tuple[str, ...] | str:
    """Labels; or the one expression that stands for all of them."""
    if isinstance(node, Mapping):
        return _runs_on(node.get("labels"))
    if isinstance(node, Scalar) and is_expression(node):
        return text_of(node)
    return tuple(label for label, _ in read.texts(node))


def _minutes(node: Node | None, findings: Findings) -> float | str | None:
    minutes = read.number(node)
    if isinstance(minutes, float) and node is not None and not 0 < minutes < float("inf"):
        findings.error(node.position, "'timeout-minutes' must be greater than 0")
    return minutes


def _steps(node: Node | None, findings: Findings) -> tuple[Step, ...]:
    """Steps; ids that the author gave are taken first, then the others get theirs."""
    items = [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
    identifiers = Identifiers()
    given = [_given_id(item, identifiers, findings) for item in items]
    return tuple(
        _step(item, name or identifiers.generate(read.text(item.get("uses"))), findings)
        for item, name in zip(items, given, strict=True)
    )


def _given_id(node: Mapping, identifiers: Identifiers, findings: Findings) -> str | None:
    name = read.filled(node.get("id"))
    problem = identifiers.problem(name) if name else ""
    if problem:
        findings.error(node.get("id").position, problem)  # type: ignore[union-attr]  # a name came from it
    return name


def _step(node: Mapping, name: str, findings: Findings) -> Step:
    uses = read.get(node, "uses")
    if isinstance(uses, Scalar):
        _check_uses(uses, findings)
    return Step(
        id=name,
        name=read.filled(node.get("name")),
        if_=read.condition(node.get("if")),
        run=read.text(node.get("run")),
        uses=read.text(uses),
        with_=read.table(node.get("with")),
        env=read.table(node.get("env")),
        shell=read.filled(node.get("shell")),
        working_directory=read.filled(node.get("working-directory")),
        continue_on_error=read.flag(node.get("continue-on-error"), default=False),
        timeout_minutes=_minutes(node.get("timeout-minutes"), findings),
        position=node.position,
    )


def _check_uses(node: Scalar, findings: Findings) -> None:
    uses = text_of(node)
    if not uses or is_expression(node):
        return
    if not uses.startswith(("docker://", "./", ".\\")):
        parts = repository_action(uses)
        if parts is None:
            findings.error(node.position, f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'")
            return
        if "/".join(parts[:-1]).lower() in BUILT_IN_ACTIONS:
            return
    findings.error(node.position, f"'uses: {uses}' is not supported by Forge yet")


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
