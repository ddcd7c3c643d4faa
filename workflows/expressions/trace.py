"""An evaluation that tells what it does, line by line, as debug logging of GitHub's runner shows it.

Evaluating: (success() && (github.ref_name == 'main'))
Evaluating And:
..Evaluating success:
..=> true
…
=> true
Expanded: (true && ('main' == 'main'))
Result: true
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from workflows.errors import ExpressionError
from workflows.expressions.ast import Call, Compare, Index, Literal, Logical, Named, Node, Not, Star, Watched
from workflows.expressions.budget import Budget
from workflows.expressions.evaluator import Functions, evaluate
from workflows.expressions.functions import MAX_ARGUMENTS
from workflows.expressions.parser import parse
from workflows.expressions.values import Value, kind, to_text

Say = Callable[[str], None]

_OPERATORS = {
    "==": "Equal",
    "!=": "NotEqual",
    "<": "LessThan",
    "<=": "LessThanOrEqual",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEqual",
    "&&": "And",
    "||": "Or",
}
_KEYWORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
#: Functions that stay in the expanded form, their arguments realized, as operators do.
_EXPANDED = frozenset(("contains", "startswith", "endswith"))


def evaluate_traced(
    text: str,
    contexts: Mapping[str, object],
    functions: Functions | None,
    say: Say,
    *,
    budget: Budget | None = None,
) -> Value:
    """As ``evaluate``, telling each line of the way. Raises ExpressionError, after what was told so far."""
    node = parse(text, None, dict.fromkeys(functions, (0, MAX_ARGUMENTS)) if functions else None)
    trace = _Trace(say)
    say(f"Evaluating: {_written(node)}")
    result = evaluate(trace.watch(node, 0), contexts, functions, budget=budget)
    shown, expanded = _shown(result), trace.realized(node)
    if expanded != shown and not (kind(result) == "Number" and expanded == f"'{shown}'"):
        say(f"Expanded: {expanded}")
    say(f"Result: {shown}")
    return result


class _Trace:
    """What the parts of one expression have come to, by part."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._results: dict[int, object] = {}

    def watch(self, node: Node, level: int) -> Node:
        """The same tree, in which every part tells of itself."""
        if isinstance(node, Star):
            return node
        inner = self._with_watched_parts(node, level + 1)
        return Watched(inner, lambda value: self._told(node, level, value))

    def _with_watched_parts(self, node: Node, level: int) -> Node:
        match node:
            case Index():
                return Index(self.watch(node.target, level), self.watch(node.key, level))
            case Call():
                arguments = tuple(self.watch(each, level) for each in node.arguments)
                return Call(node.name, arguments, node.built_in)
            case Not():
                return Not(self.watch(node.operand, level))
            case Compare():
                return Compare(node.operator, self.watch(node.left, level), self.watch(node.right, level))
            case Logical():
                return Logical(node.operator, tuple(self.watch(each, level) for each in node.operands))
        return node

    def _told(self, node: Node, level: int, value: Callable[[], object]) -> object:
        dots = ".." * level
        self._say(f"{dots}Evaluating {_name(node)}:")
        result = value()
        self._results[id(node)] = result
        self._say(f"{dots}=> {_shown(result)}")
        return result

    def realized(self, node: Node) -> str:
        """The expression with values in it; what was never looked at stands there as written."""
        match node:
            case Literal():
                return _shown(node.value)
            case Logical():
                return _grouped(node.operator, map(self.realized, node.operands))
            case Compare():
                return _grouped(node.operator, map(self.realized, (node.left, node.right)))
            case Not():
                return f"!{self.realized(node.operand)}"
            case Call() if node.name.lower() in _EXPANDED or id(node) not in self._results:
                return f"{node.name}({', '.join(map(self.realized, node.arguments))})"
        return _shown(self._results[id(node)]) if id(node) in self._results else _written(node)


def _name(node: Node) -> str:
    match node:
        case Literal():
            return kind(node.value)
        case Named() | Call():
            return node.name
        case Compare() | Logical():
            return _OPERATORS[node.operator]
    return type(node).__name__


def _written(node: Node) -> str:
    match node:
        case Literal():
            return _shown(node.value)
        case Named():
            return node.name
        case Star():
            return "*"
        case Index(key=Literal(value=str(name))) if _KEYWORD.fullmatch(name):
            return f"{_written(node.target)}.{name}"
        case Index():
            return f"{_written(node.target)}[{_written(node.key)}]"
        case Call():
            return f"{node.name}({', '.join(map(_written, node.arguments))})"
        case Not():
            return f"!{_written(node.operand)}"
        case Compare():
            return _grouped(node.operator, map(_written, (node.left, node.right)))
        case Logical():
            return _grouped(node.operator, map(_written, node.operands))
    raise ExpressionError("evaluation", f"An expression holds no {type(node).__name__}")


def _grouped(operator: str, parts: Iterable[str]) -> str:
    return f"({f' {operator} '.join(parts)})"


def _shown(value: object) -> str:
    """A value as it is told: a text in quotes, an array or object only named."""
    match kind(value):
        case "String":
            return "'" + to_text(value).replace("'", "''") + "'"
        case "Null":
            return "null"
    return to_text(value)
