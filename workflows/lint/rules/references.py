"""Expressions that ask for jobs, steps, outputs and inputs that are not there, and get nothing."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from workflows.lint.document import Document, Expression, Job
from workflows.lint.paths import Path, all_paths
from workflows.lint.rule import Found, Options, Rule
from workflows.model import Position
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import did_you_mean
from workflows.parser.read import entries, get, texts
from workflows.parser.read import text as text_at
from workflows.source import Mapping, Node, Sequence

#: Among more names than these no similar one is sought.
_MOST_KNOWN = 200
_COMPUTED = ("*", "?")
#: Keys of a job whose expressions are read when its steps are over, or after.
_AFTER_STEPS = ("outputs", "environment")
_OF_NEEDS = frozenset(("result", "outputs"))
_OF_STEP = frozenset(("outputs", "outcome", "conclusion"))


@dataclass(frozen=True)
class _Reference:
    document: Document
    expression: Expression
    path: Path

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.document.place(self.expression, self.path)

    def key(self, number: int) -> str:
        """A key of the path; "" when there is none, or when it is computed."""
        found = self.path[number] if number < len(self.path) else ""
        return "" if found in _COMPUTED else found


def _read(document: Document, node: Node | None, context: str, *, condition: bool = False) -> Iterator[_Reference]:
    """What the expressions below a node read of one context."""
    for expression in document.expressions(node, condition=condition):
        if context in expression.text.lower():
            yield from _of(document, expression, context)


def _of(document: Document, expression: Expression, context: str) -> Iterator[_Reference]:
    for path in all_paths(expression.tree):
        if path[0] == context:
            yield _Reference(document, expression, path)


def _in_mapping(document: Document, holder: Mapping, context: str, but: Set[str]) -> Iterator[_Reference]:
    for key, value in holder.entries:
        if key.text not in but:
            yield from _read(document, value, context, condition=key.text == "if")


def _in_job(document: Document, job: Job, context: str) -> Iterator[_Reference]:
    yield from _in_mapping(document, job.node, context, {"steps"})
    for step in job.steps:
        yield from _in_mapping(document, step, context, {"parallel"})


def _check_needs(document: Document, _: Options) -> Iterator[Found]:
    if document.is_action:
        return
    ids = {job.id.lower(): job.id for job in document.jobs}
    for job in document.jobs:
        given = texts(job.get("needs"))
        if any(is_expression(node) for _, node in given):
            continue
        needs = {need.lower() for need, _ in given}
        for reference in _in_job(document, job, "needs"):
            name = reference.key(1)
            if not name or name in needs:
                continue
            if name in ids:
                message = f"'needs.{name}' is nothing here: '{name}' is not among the needs of '{job.id}'"
            else:
                message = _with_hint(f"'needs.{name}' is nothing: there is no job '{name}'", name, needs)
            yield Found(reference.position, message)


def _check_steps(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        if _inserts(job.get("steps")):
            continue
        all_ids = _step_ids(job.steps)
        known: set[str] = set()
        for step in job.steps:
            if step.get("parallel") is not None:
                known |= _step_ids(_inner(step))
                continue
            for reference in _in_mapping(document, step, "steps", set()):
                yield from _unknown_step(reference, known, all_ids)
            known |= _step_ids((step,))
        for key in _AFTER_STEPS:
            for reference in _read(document, job.get(key), "steps"):
                yield from _unknown_step(reference, all_ids, all_ids)
    if document.is_action:
        of_all = {name for job in document.jobs for name in _step_ids(job.steps)}
        for reference in _read(document, get(document.root, "outputs"), "steps"):
            yield from _unknown_step(reference, of_all, of_all)


def _inner(step: Mapping) -> tuple[Mapping, ...]:
    block = step.get("parallel")
    return tuple(item for item in block.items if isinstance(item, Mapping)) if isinstance(block, Sequence) else ()


def _step_ids(steps: tuple[Mapping, ...]) -> set[str]:
    return {(text_at(step.get("id")) or "").lower() for step in steps} - {""}


def _unknown_step(reference: _Reference, known: Set[str], all_ids: Set[str]) -> Iterator[Found]:
    name, what = reference.key(1), reference.key(2)
    if name and name not in known:
        if name in all_ids:
            message = f"'steps.{name}' is nothing yet: that step comes later, or is this one"
        else:
            message = _with_hint(f"'steps.{name}' is nothing: no step has the id '{name}'", name, all_ids)
        yield Found(reference.position, message)
    elif name and what and what not in _OF_STEP:
        message = f"'steps.{name}.{what}' is nothing: a step has outputs, outcome and conclusion"
        yield Found(reference.position, _with_hint(message, what, _OF_STEP))


def _check_outputs(document: Document, _: Options) -> Iterator[Found]:
    if document.is_action:
        return
    outputs = {job.id.lower(): _outputs(job) for job in document.jobs} | document.outputs
    for job in document.jobs:
        for reference in _in_job(document, job, "needs"):
            yield from _unknown_output(reference, outputs)
    call = get(get(document.root, "on"), "workflow_call")
    for reference in _read(document, get(call, "outputs"), "jobs"):
        name = reference.key(1)
        if name and name not in outputs:
            message = _with_hint(f"'jobs.{name}' is nothing: there is no job '{name}'", name, outputs.keys())
            yield Found(reference.position, message)
        else:
            yield from _unknown_output(reference, outputs)


def _unknown_output(reference: _Reference, outputs: dict[str, frozenset[str] | None]) -> Iterator[Found]:
    context, (name, what, output) = reference.path[0], (reference.key(number) for number in (1, 2, 3))
    if name not in outputs or not what:
        return
    known = outputs[name]
    if what not in _OF_NEEDS:
        message = f"'{context}.{name}.{what}' is nothing: a job has result and outputs"
        yield Found(reference.position, _with_hint(message, what, _OF_NEEDS))
    elif what == "outputs" and output and known is not None and output not in known:
        message = f"'{context}.{name}.outputs.{output}' is nothing: the job '{name}' has no output '{output}'"
        yield Found(reference.position, _with_hint(message, output, known))


def _outputs(job: Job) -> frozenset[str] | None:
    """The names of a job's outputs; None when they cannot be known from this file."""
    given = job.get("outputs")
    if job.get("uses") is not None or _inserts(given) or (given is not None and not isinstance(given, Mapping)):
        return None
    return frozenset(text_of(key).lower() for key, _ in entries(given))


def _check_inputs(document: Document, _: Options) -> Iterator[Found]:
    known = _inputs(document)
    if known is None:
        return
    for reference in _read(document, document.root, "inputs"):
        yield from _unknown_input(reference, known)
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            condition = holder.get("if")
            if "${{" not in (text_at(condition) or ""):
                for reference in _read(document, condition, "inputs", condition=True):
                    yield from _unknown_input(reference, known)


def _unknown_input(reference: _Reference, known: Set[str]) -> Iterator[Found]:
    name = reference.key(1)
    if name and name not in known:
        yield Found(reference.position, _with_hint(f"'inputs.{name}' is nothing: no such input", name, known))


def _inputs(document: Document) -> frozenset[str] | None:
    """The names of all inputs; None where they cannot be known."""
    if document.is_action:
        holders = [document.root]
    else:
        on = get(document.root, "on")
        holders = [node for node in (get(on, "workflow_call"), get(on, "workflow_dispatch")) if node]
    given = [get(holder, "inputs") for holder in holders]
    if any(_inserts(node) for node in given):
        return None
    return frozenset(text_of(key).lower() for node in given for key, _ in entries(node))


def _inserts(node: Node | None) -> bool:
    """Whether something of it is not known before an expression is evaluated."""
    if isinstance(node, Mapping):
        return any("${{" in key.text for key, _ in node.entries)
    return node is not None and is_expression(node)


def _with_hint(message: str, word: str, known: Set[str]) -> str:
    hint = did_you_mean(word, known) if len(known) <= _MOST_KNOWN else ""
    return f"{message}. {hint}" if hint else message


RULES = (
    Rule(
        "unknown-need",
        "`needs.x` of a job that is not among the needs",
        "`needs` holds the jobs that `needs:` names itself, not those that they need in turn. Anything else is null,"
        " which a condition takes for false and a text for nothing.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: "1"
    steps:
      - run: make
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: deploy ${{ needs.build.outputs.version }}
""",
        _check_needs,
    ),
    Rule(
        "unknown-step",
        "`steps.x` where no step before has that id",
        "A step sees only those that are over. Anything else is null.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ steps.version.outputs.number }}
      - id: version
        run: echo number=1 >> "$GITHUB_OUTPUT"
""",
        _check_steps,
    ),
    Rule(
        "unknown-output",
        "an output of a job that has none of that name, in `needs` or in the outputs of a reusable workflow",
        "It is null. Outputs of called workflows are known where their files lie in the same repository.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: "1"
    steps:
      - run: make
  deploy:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: deploy ${{ needs.build.outputs.vesion }}
""",
        _check_outputs,
    ),
    Rule(
        "unknown-input",
        "`inputs.x` where neither `workflow_dispatch`, `workflow_call` nor the action has that input",
        "It is null, whatever starts the workflow.",
        """\
on:
  workflow_dispatch:
    inputs:
      environment:
        default: test
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: deploy ${{ inputs.enviroment }}
""",
        _check_inputs,
    ),
)
