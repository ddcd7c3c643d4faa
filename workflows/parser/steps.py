"""``steps:`` to steps."""

from __future__ import annotations

from collections.abc import Iterable

from workflows.model import Step
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.parser.identifiers import Identifiers, repository_action
from workflows.parser.read import Keys
from workflows.source import Mapping, Node, Scalar, Sequence

#: What a step is by the key that says so, beside ``run`` and ``uses``; and its name when the author gives none.
_CONTROL = {"wait": "Wait", "wait-all": "Wait for all", "cancel": "Cancel", "parallel": "Parallel group"}
_RESERVED = "The identifier '{}' is invalid. IDs starting with '__' are reserved."
_NOT_INSIDE = "'{}' is not allowed inside a parallel block."
_BACKGROUND = " Steps in a parallel block are automatically run as background steps."


def steps(node: Node | None, findings: Findings) -> tuple[Step, ...]:
    """Steps; ids that the author gave are taken first, then the others get theirs.

    The steps of a ``parallel`` block have a scope of ids of their own.
    """
    items = [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
    return _Scope(findings).steps(items)


def minutes(node: Node | None, name: str, findings: Findings) -> float | str | None:
    """A time limit in minutes, or the expression for it; None without one."""
    given = read.number(node)
    if isinstance(given, float) and node is not None and not 0 < given < float("inf"):
        findings.error(node.position, f"'{name}' must be greater than 0")
    return given


class _Scope:
    """The steps of one list."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._identifiers = Identifiers()
        self._known: set[str] = set()

    def steps(self, items: Iterable[Mapping]) -> tuple[Step, ...]:
        keyed = [(item, read.keyed(item)) for item in items]
        given = [self._given_id(keys) for _, keys in keyed]
        return tuple(self._step(item, keys, name) for (item, keys), name in zip(keyed, given, strict=True))

    def _given_id(self, keys: Keys) -> str:
        """Take the id that was given, and check what this step waits for or cancels against those before it."""
        node = keys.get("id")
        name = read.text(node) or ""
        problem = self._identifiers.problem(name) if name else ""
        if problem and node is not None:
            self._findings.error(node.position, problem)
        elif name:
            self._known.add(name)
        for target, said in (*read.texts(keys.get("wait")), *read.texts(keys.get("cancel"))):
            self._check_target(target, said, name)
        return name

    def _check_target(self, target: str, said: Scalar, own: str) -> None:
        if not target or is_expression(said):
            return
        if target.startswith("__"):
            self._findings.error(said.position, _RESERVED.format(target))
        elif target.lower() == own.lower():
            self._findings.error(said.position, f"Step '{own}' cannot reference itself")
        elif target not in self._known:
            self._findings.error(said.position, f"Step references unknown step ID '{target}'")

    def _step(self, node: Mapping, keys: Keys, given: str) -> Step:
        get = keys.get
        uses, wait_all, parallel = get("uses"), get("wait-all"), get("parallel")
        kind = "run" if "run" in keys or "uses" in keys else next((name for name in _CONTROL if name in keys), "run")
        if isinstance(uses, Scalar):
            _check_uses(uses, self._findings)
        if wait_all is not None and read.flag(wait_all, default=True) is False:
            self._findings.error(wait_all.position, "The value of 'wait-all' must be true or omitted")
        if parallel is not None:
            _check_parallel(node, parallel, self._findings)
        return Step(
            id=given or self._identifiers.generate(read.text(uses) or "", kind),
            name=read.filled(get("name")) or _CONTROL.get(kind),
            if_=read.condition(get("if")),
            run=read.text(get("run")),
            uses=read.text(uses),
            with_=read.table(get("with")),
            env=read.table(get("env")),
            shell=read.filled(get("shell")),
            working_directory=read.filled(get("working-directory")),
            continue_on_error=read.flag(get("continue-on-error"), default=False),
            timeout_minutes=minutes(get("timeout-minutes"), "timeout-minutes", self._findings),
            background=read.flag(get("background"), default=False) is True,
            wait=tuple(target for target, _ in read.texts(get("wait"))),
            wait_all=wait_all is not None,
            cancel=read.text(get("cancel")),
            parallel=steps(parallel, self._findings),
            position=node.position,
        )


def _check_parallel(step: Mapping, block: Node, findings: Findings) -> None:
    """A parallel block holds only steps that run something, said at the step that holds it."""
    for inner in block.items if isinstance(block, Sequence) else ():
        for key in ("background", "wait", "wait-all", "cancel"):
            if read.get(inner, key) is not None:
                message = _NOT_INSIDE.format(key)
                findings.error(step.position, message + _BACKGROUND if key == "background" else message)
        if read.get(inner, "parallel") is not None:
            findings.error(step.position, "Nested 'parallel' blocks are not allowed.")


def _check_uses(node: Scalar, findings: Findings) -> None:
    uses = text_of(node)
    if not uses or is_expression(node) or uses.startswith(("docker://", "./", ".\\", "$/")):
        return
    if repository_action(uses) is None:
        findings.error(node.position, f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'")
