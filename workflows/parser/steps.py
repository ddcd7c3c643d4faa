"""``steps:`` to steps."""

from __future__ import annotations

from workflows.model import Step
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.parser.identifiers import Identifiers, repository_action
from workflows.source import Mapping, Node, Scalar, Sequence

#: What a step is, by the key that says so; the others are ``run`` and ``uses``.
_CONTROL = ("wait", "wait-all", "cancel", "parallel")


def steps(node: Node | None, findings: Findings) -> tuple[Step, ...]:
    """Steps; ids that the author gave are taken first, then the others get theirs.

    All of a job's steps, those in ``parallel`` among them, share one scope of ids.
    """
    return _Steps(findings).all(node)


def minutes(node: Node | None, name: str, findings: Findings) -> float | str | None:
    """A time limit in minutes, or the expression for it; None without one."""
    given = read.number(node)
    if isinstance(given, float) and node is not None and not 0 < given < float("inf"):
        findings.error(node.position, f"'{name}' must be greater than 0")
    return given


class _Steps:
    """The steps of one job."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._identifiers = Identifiers()
        self._known: set[str] = set()
        self._given: dict[int, str] = {}

    def all(self, node: Node | None) -> tuple[Step, ...]:
        self._take_ids(node)
        return self._many(node)

    def _take_ids(self, node: Node | None) -> None:
        """Take the ids that were given, and check what waits and cancels against those before it."""
        for item in _mappings(node):
            own = self._given_id(item)
            for target, said in (*read.texts(item.get("wait")), *read.texts(item.get("cancel"))):
                self._check_target(target, said, own)
            self._take_ids(item.get("parallel"))

    def _given_id(self, node: Mapping) -> str:
        id_node = node.get("id")
        name = read.filled(id_node)
        if name is None or id_node is None:
            return ""
        problem = self._identifiers.problem(name)
        if problem:
            self._findings.error(id_node.position, problem)
        else:
            self._known.add(name.lower())
        self._given[id(node)] = name
        return name

    def _check_target(self, target: str, said: Scalar, own: str) -> None:
        if not target or is_expression(said):
            return
        if target.startswith("__"):
            message = f"The identifier '{target}' is invalid. IDs starting with '__' are reserved."
        elif target.lower() == own.lower():
            message = f"Step '{own}' cannot reference itself"
        elif target.lower() not in self._known:
            message = f"Step references unknown step ID '{target}'"
        else:
            return
        self._findings.error(said.position, message)

    def _many(self, node: Node | None) -> tuple[Step, ...]:
        return tuple(self._step(item) for item in _mappings(node))

    def _step(self, node: Mapping) -> Step:
        uses, wait_all = node.get("uses"), node.get("wait-all")
        control = next((name for name in _CONTROL if node.get(name) is not None), None)
        if isinstance(uses, Scalar):
            _check_uses(uses, self._findings)
        if wait_all is not None and read.flag(wait_all, default=True) is False:
            self._findings.error(wait_all.position, "The value of 'wait-all' must be true or omitted")
        name = self._given.get(id(node)) or self._identifiers.generate(read.text(uses) or "", control or "run")
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
            timeout_minutes=minutes(node.get("timeout-minutes"), "timeout-minutes", self._findings),
            background=read.flag(node.get("background"), default=False) is True,
            wait=tuple(target for target, _ in read.texts(node.get("wait"))),
            wait_all=wait_all is not None,
            cancel=read.text(node.get("cancel")),
            parallel=self._many(node.get("parallel")),
            position=node.position,
        )


def _mappings(node: Node | None) -> list[Mapping]:
    return [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []


def _check_uses(node: Scalar, findings: Findings) -> None:
    uses = text_of(node)
    if not uses or is_expression(node) or uses.startswith(("docker://", "./", ".\\")):
        return
    if repository_action(uses) is None:
        findings.error(node.position, f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}'")
