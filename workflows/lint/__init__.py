"""What runs, and is surely not meant: rules beyond those that make a file unusable.

``document`` is a file as rules look at it, ``paths`` what expressions read, ``rules`` has a module for each
family of rules, ``ignore`` the comments that silence one, ``report`` the forms of the answer.
"""

from __future__ import annotations

from itertools import islice

from workflows import parser, source
from workflows.errors import Problem
from workflows.lint import ignore
from workflows.lint.document import Document
from workflows.lint.rule import Finding, Found, Options, Rule
from workflows.lint.rules import RULES

#: More findings of one rule in one file help nobody.
_MOST = 200
_NO_OPTIONS = Options()


def lint(text: bytes | str, path: str, options: Options = _NO_OPTIONS, *, action: bool = False) -> tuple[Finding, ...]:
    """Everything that is to be said about one file, in file order: errors of the parser, then warnings at a place."""
    problems = parser.read_action(text, path)[1] if action else parser.read(text, path)[1]
    found = [_of_problem(problem) for problem in problems]
    root, _ = source.load(text, path)
    if root is not None:
        document = Document(text.decode("utf-8-sig") if isinstance(text, bytes) else text, root)
        if document.is_action == action:
            found += _warnings(document, path, options)
        found = _without_silenced(found, document)
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column, finding.severity)))


def _without_silenced(found: list[Finding], document: Document) -> list[Finding]:
    """All errors, and the warnings that no comment silences."""
    silenced = ignore.rules_by_line(document.lines)
    return [each for each in found if each.severity == "error" or each.rule not in silenced.get(each.line, ())]


def _of_problem(problem: Problem) -> Finding:
    rule = "syntax" if problem.severity == "error" else "ignored-key"
    return Finding(problem.file, problem.line, problem.column, problem.severity, rule, problem.text)


def _warnings(document: Document, path: str, options: Options) -> list[Finding]:
    found = []
    for rule in RULES:
        for each in dict.fromkeys(islice(rule.check(document, options), _MOST)):
            place = each.position
            found.append(Finding(path, place.line, place.column, "warning", rule.name, each.message))
    return found


__all__ = ["RULES", "Finding", "Found", "Options", "Rule", "lint"]
