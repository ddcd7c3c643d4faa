"""Called workflows: each call resolved to the file that it names, and held against what that file takes.

Words and places are GitHub's: what is wrong inside a called file is a problem of who calls it, which names the
place in the called file.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from workflows.errors import Problem
from workflows.model import Call, Job, Position, Workflow
from workflows.parser import call_permissions, read
from workflows.parser.call_values import check_secrets, check_values
from workflows.parser.check import text_of
from workflows.parser.findings import Findings
from workflows.source import Node

_DEPTH = "Nested reusable workflow depth exceeded {}."
_NOT_FOUND = "Unable to find reusable workflow '{}'"
_NOT_CALLABLE = "workflow_call key is not defined in the referenced workflow."
_TOO_MANY = "More than {} different workflows are called"
_TOO_MANY_JOBS = "Workflows may not contain more than {} jobs across all referenced files"
_INSIDE = "Error from called workflow {}: {}"
_CIRCLE = "'{}' calls itself"

#: A workflow file by its path, read with its own problems: the root node, and None for what cannot be used.
Reader = Callable[[str, bytes | str], tuple[Node | None, Workflow | None, tuple[Problem, ...]]]
Levels = Mapping[str, str] | None


@dataclass(frozen=True)
class Called:
    """The files that may be called, and what holds for calls.

    ``files`` has each by the reference that its caller uses, or by the full one (owner/name/path@ref) of a file that
    a file of another repository calls as ``./…``. ``allowed`` is what GITHUB_TOKEN may do where the caller says
    nothing; None: everything. GitHub allows ten levels with the first, and fifty files.
    """

    files: Mapping[str, bytes | str]
    allowed: Levels = None
    depth: int = 9
    different: int = 50
    jobs: int = 4096
    own_files_only: bool = False  # what other repositories hold is not known: calls of it are left as they are


@dataclass
class Calls:
    """The calls of one workflow, and of all that it calls."""

    called: Called
    reader: Reader
    problems: list[Problem] = field(default_factory=list)
    _read: dict[str, tuple[Node | None, Workflow | None]] = field(default_factory=dict)
    _resolved: dict[tuple[str, int, object], Workflow] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _under_way: list[str] = field(default_factory=list)

    def resolve(self, workflow: Workflow, root: Node) -> Workflow:
        """The workflow with the called ones in their calls; ``problems`` has what is wrong with them."""
        findings = Findings(workflow.path)
        made = self._jobs(workflow, root, findings, self.called.allowed, 1)
        self.problems = list(dict.fromkeys([*findings.sorted(), *self.problems]))
        return made

    def _jobs(self, workflow: Workflow, root: Node, findings: Findings, allowed: Levels, depth: int) -> Workflow:
        nodes = {text_of(key): value for key, value in read.entries(read.get(root, "jobs"))}
        here = allowed if workflow.permissions is None else workflow.permissions
        jobs = []
        size = len(workflow.jobs)
        for job in workflow.jobs:
            made = self._job(job, nodes.get(job.id), findings, here, workflow.path, depth) if job.call else job
            size += self._sizes.get(id(made.call.workflow), 0) if made.call and made.call.workflow else 0
            if size > self.called.jobs:
                self._once(findings, job.position, _TOO_MANY_JOBS.format(self.called.jobs))
                break
            jobs.append(made)
        made_whole = replace(workflow, jobs=tuple(jobs))
        self._sizes[id(made_whole)] = size
        return made_whole

    def _job(self, job: Job, node: Node | None, findings: Findings, here: Levels, path: str, depth: int) -> Job:
        call = job.call
        assert call is not None
        if depth > self.called.depth:
            circle = _CIRCLE.format(call.uses) if full_reference(call.uses, path) in self._under_way else ""
            self._once(findings, Position(0, 0), _DEPTH.format(self.called.depth), circle)
            return job
        reference, found = self._find(call, path, findings)
        if found is None:
            return job
        root, target = found
        if root is None or target is None:
            return job
        interface = target.interface
        if interface is None:
            on = read.get(root, "on")
            place = root.position if on is None else on.position
            findings.error(call.position, _inside(Problem(reference, place.line, place.column, _NOT_CALLABLE)))
            return job
        check_values(call, read.get(node, "with"), interface, findings)
        check_secrets(call, read.get(node, "secrets"), interface, findings)
        allowed = here if job.permissions is None else job.permissions
        for message in call_permissions.problems(reference, target, allowed):
            findings.error(job.position, message)
        return replace(job, call=replace(call, workflow=self._called(reference, target, root, allowed, depth + 1)))

    def _find(
        self, call: Call, path: str, findings: Findings
    ) -> tuple[str, tuple[Node | None, Workflow | None] | None]:
        """The full reference of a call, and the file with it; None when it is not there, which is reported."""
        reference = full_reference(call.uses, path)
        name = next((name for name in (reference, call.uses) if name in self.called.files), None)
        if name is None:
            elsewhere = self.called.own_files_only and not call.uses.startswith("./")
            if "${{" not in call.uses and not elsewhere:
                findings.error(call.position, _NOT_FOUND.format(call.uses), hint=_near(call.uses, self.called.files))
            return reference, None
        if reference not in self._read:
            if len(self._read) >= self.called.different:
                self._once(findings, call.position, _TOO_MANY.format(self.called.different))
                return reference, None
            root, workflow, problems = self.reader(reference, self.called.files[name])
            self._read[reference] = root, workflow
            for problem in problems:
                if problem.severity == "error":
                    findings.error(call.position, _inside(problem), hint=problem.hint)
                else:
                    self.problems.append(problem)
        return reference, self._read[reference]

    def _called(self, reference: str, target: Workflow, root: Node, allowed: Levels, depth: int) -> Workflow:
        """The called workflow with its own calls resolved; the same call at the same depth is resolved once."""
        key = (reference, depth, None if allowed is None else frozenset(allowed.items()))
        if key not in self._resolved:
            findings = Findings(reference)
            self._under_way.append(reference)
            self._resolved[key] = self._jobs(target, root, findings, allowed, depth)
            self._under_way.pop()
            self.problems += findings.sorted()
        return self._resolved[key]

    def _once(self, findings: Findings, position: Position, message: str, hint: str = "") -> None:
        """What is true of all calls together is said once."""
        if message not in self._told:
            self._told.add(message)
            findings.error(position, message, hint=hint)


def _near(uses: str, known: Collection[str]) -> str:
    """A hint at the file with the nearest name; only the last part counts, as the folders are all alike."""
    names = {PurePosixPath(one.partition("@")[0]).stem: one for one in known}
    near = difflib.get_close_matches(PurePosixPath(uses.partition("@")[0]).stem[:100], names, n=1, cutoff=0.7)
    return f"Did you mean '{names[near[0]]}'?" if near else ""


def _inside(problem: Problem) -> str:
    """What is wrong in a called file, in a sentence about the call."""
    place = f" (Line: {problem.line}, Col: {problem.column})" if problem.line else ""
    return _INSIDE.format(problem.file + place, problem.message)


def full_reference(uses: str, path: str) -> str:
    """The reference of a call in the file at ``path``: with owner, name and version where a file that has them calls
    one beside it."""
    if not uses.startswith("./") or "@" not in path:
        return uses
    owner_and_name = path.split("/")[:2]
    return f"{'/'.join(owner_and_name)}/{uses[2:]}@{path.partition('@')[2]}"
