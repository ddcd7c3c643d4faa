"""What runs, and is surely not meant: rules beyond those that make a file unusable.

``document`` is a file as rules look at it, ``paths`` what expressions read, ``rules`` has a module for each
family of rules, ``ignore`` the comments that silence one, ``report`` the forms of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from workflows import parser, source
from workflows.errors import Problem
from workflows.lint import ignore
from workflows.lint.document import Document
from workflows.lint.rule import Finding, Found, Options, Rule
from workflows.lint.rules import RULES
from workflows.model import Workflow

#: More findings of one rule in one file help nobody.
_MOST = 200
_NO_OPTIONS = Options()


def lint(
    text: bytes | str,
    path: str,
    options: Options = _NO_OPTIONS,
    *,
    action: bool = False,
    called: Mapping[str, bytes | str] | None = None,
) -> tuple[Finding, ...]:
    """Everything that is to be said about one file, in file order: errors of the parser, then warnings at a place.

    ``called`` are the workflow files of the repository by the reference that callers use (``./.github/workflows/…``);
    with it, calls of them are held against what they take and give.
    """
    workflow = None
    if action:
        _, problems = parser.read_action(text, path)
    else:
        workflow, problems = parser.read(text, path, called=_called(called))
    found = [_of_problem(problem) for problem in problems if problem.file == path]
    root, _ = source.load(text, path)
    if root is not None:
        document = Document(text.decode("utf-8-sig") if isinstance(text, bytes) else text, root, _outputs(workflow))
        if document.is_action == action:
            found += _warnings(document, path, options)
        found = _without_silenced(found, document)
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column, finding.severity)))


def _called(files: Mapping[str, bytes | str] | None) -> parser.Called | None:
    return None if files is None else parser.Called(files, own_files_only=True)


def _outputs(workflow: Workflow | None) -> dict[str, frozenset[str]]:
    """The names of outputs, in lower case, of each job that calls a workflow that is known."""
    found = {}
    for job in workflow.jobs if workflow else ():
        if job.call and job.call.workflow and job.call.workflow.interface:
            outputs = job.call.workflow.interface.outputs
            found[job.id.lower()] = frozenset(output.name.lower() for output in outputs)
    return found


def _without_silenced(found: list[Finding], document: Document) -> list[Finding]:
    """All errors, and the warnings that no comment silences."""
    silenced = ignore.rules_by_line(document.lines)
    return [each for each in found if each.severity == "error" or each.rule not in silenced.get(each.line, ())]


def _of_problem(problem: Problem) -> Finding:
    doubtful = "ignored-key" if problem.message.endswith(" is ignored") else "doubtful-event"
    rule = "syntax" if problem.severity == "error" else doubtful
    return Finding(problem.file, problem.line, problem.column, problem.severity, rule, problem.text)


def _warnings(document: Document, path: str, options: Options) -> list[Finding]:
    found = []
    for rule in RULES:
        for each in dict.fromkeys(islice(rule.check(document, options), _MOST)):
            place = each.position
            found.append(Finding(path, place.line, place.column, "warning", rule.name, each.message))
    return found


__all__ = ["RULES", "Finding", "Found", "Options", "Rule", "lint"]
