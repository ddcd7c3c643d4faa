"""A tree and contexts to a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import floor, isnan
from typing import Any, Final, cast

from workflows.errors import ExpressionError
from workflows.expressions.ast import Call, Compare, Index, Literal, Logical, Named, Node, Not, Star, Watched
from workflows.expressions.budget import EXPRESSION_MEMORY, ITEM, Budget
from workflows.expressions.functions import MAX_ARGUMENTS
from workflows.expressions.parser import parse
from workflows.expressions.values import (
    MISSING,
    Filtered,
    Value,
    equals,
    fold,
    is_primitive,
    kind,
    less,
    lookup,
    to_number,
    to_text,
    truthy,
)

Functions = Mapping[str, Callable[..., object]]

_MAX_POSITION: Final = 2**31 - 1


def evaluate(
    node_or_text: Node | str,
    contexts: Mapping[str, object],
    functions: Functions | None = None,
    *,
    budget: Budget | None = None,
) -> Value:
    """The value of an expression, as plain Python.

    A text may read any context (one that is not given is null) and call the functions given here, with any
    number of arguments; check it with ``parse`` before where names matter. ``functions`` are called with
    plain values; what they raise is not caught. ``budget`` is what the evaluation may hold, by default
    ``EXPRESSION_MEMORY``. Raises ExpressionError.
    """
    if isinstance(node_or_text, str):
        node_or_text = parse(node_or_text, None, dict.fromkeys(functions, (0, MAX_ARGUMENTS)) if functions else None)
    run = _Evaluation(contexts, functions or {}, budget or Budget(EXPRESSION_MEMORY))
    result = _RULES[type(node_or_text)](run, node_or_text)
    return cast("Value", result) if type(result) in _PLAIN else _plain(result)


_PLAIN: Final = frozenset((bool, str, float, int, list, dict, type(None)))


def _plain(result: object) -> Value:
    if type(result) is Filtered:
        return list(result)
    match kind(result):
        case "Array" if not isinstance(result, list):
            return list(cast("Iterable[object]", result))
        case "Object" if not isinstance(result, dict):
            return dict(cast("Mapping[str, object]", result))
        case _:
            return cast("Value", result)


class _Evaluation:
    """One evaluation: what it may read and call, and what it holds. Recurses no deeper than the tree."""

    __slots__ = ("budget", "contexts", "functions")

    def __init__(self, contexts: Mapping[str, object], functions: Functions, budget: Budget) -> None:
        self.contexts = contexts
        self.functions = functions
        self.budget = budget

    def value(self, node: Node) -> object:
        return _RULES[type(node)](self, node)


def _literal(_: _Evaluation, node: Literal) -> object:
    return node.value


def _named(run: _Evaluation, node: Named) -> object:
    if node.name in run.contexts:
        return run.contexts[node.name]
    found = lookup(run.contexts, node.name, fold(node.name))
    return None if found is MISSING else found


def _not(run: _Evaluation, node: Not) -> bool:
    budget = run.budget
    before = budget.used
    operand = node.operand
    result = not truthy(_RULES[type(operand)](run, operand))
    budget.used = before
    return result


def _compare(run: _Evaluation, node: Compare) -> bool:
    budget = run.budget
    before = budget.used
    left, right = node.left, node.right
    result = _COMPARISONS[node.operator](_RULES[type(left)](run, left), _RULES[type(right)](run, right))
    budget.used = before
    return result


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "==": equals,
    "!=": lambda left, right: not equals(left, right),
    "<": less,
    "<=": lambda left, right: equals(left, right) or less(left, right),
    ">": lambda left, right: less(right, left),
    ">=": lambda left, right: equals(left, right) or less(right, left),
}


def _logical(run: _Evaluation, node: Logical) -> object:
    """The first operand that decides, itself and not as a boolean; the last one when none does."""
    deciding = node.operator == "||"
    result: object = None
    for operand in node.operands:
        result = _RULES[type(operand)](run, operand)
        if (result if type(result) is bool else truthy(result)) is deciding:
            break
    return result


def _call(run: _Evaluation, node: Call) -> object:
    before = run.budget.used
    if node.built_in is not None:
        result = node.built_in(run, node.arguments)
    else:
        function = _given(run.functions, node.name)
        result = function(*[run.value(argument) for argument in node.arguments])
    run.budget.settle(before, result)
    return result


def _given(functions: Functions, name: str) -> Callable[..., object]:
    if name in functions:
        return functions[name]
    for key, function in functions.items():
        if key.lower() == name.lower():
            return function
    raise ExpressionError("evaluation", f"Unrecognized function: '{name}'")


def _index(run: _Evaluation, node: Index) -> object:
    target, key = _RULES[type(node.target)](run, node.target), node.key
    if type(target) is dict and type(key) is Literal:  # by far the most frequent
        found = lookup(target, key.text, key.folded)
        return None if found is MISSING else found
    if type(target) is Filtered:
        return _filter(run, target, key)
    target_kind = kind(target)
    if isinstance(key, Star):
        return _spread(run, (target,))
    if target_kind == "Object":
        found = _member(target, *_key(run, key))
    elif target_kind == "Array":
        found = _item(target, _position(run.value(key)))
    else:
        return None
    return None if found is MISSING else found


def _filter(run: _Evaluation, items: Filtered, key: Node) -> Filtered:
    """What the key finds in each item; items that have no such thing add nothing."""
    if isinstance(key, Star):
        return _spread(run, items)
    name, folded = _key(run, key)
    position: int | None = None
    is_read = False  # as a position, which few filters need
    result = Filtered()
    for item in items:
        if type(item) is dict or kind(item) == "Object":
            found = _member(item, name, folded)
        elif kind(item) == "Array":
            if not is_read:
                position, is_read = _position(run.value(key)), True
            found = _item(item, position)
        else:
            continue
        if found is not MISSING:
            result.append(found)
    run.budget.charge(ITEM * len(result))
    return result


def _spread(run: _Evaluation, items: Iterable[object]) -> Filtered:
    result = Filtered()
    for item in items:
        if type(item) is dict or kind(item) == "Object":
            inside: Iterable[object] = cast("Mapping[str, object]", item).values()
        elif type(item) is list or kind(item) == "Array":
            inside = cast("list[object]", item)
        else:
            continue
        run.budget.charge(ITEM * len(cast("list[object]", item)))
        result.extend(inside)
    return result


def _key(run: _Evaluation, key: Node) -> tuple[str | None, str]:
    """A key as the name of a member, as given and folded; None when it cannot be one."""
    if isinstance(key, Literal):
        return key.text, key.folded
    value = run.value(key)
    if not is_primitive(value):
        return None, ""
    name = to_text(value)
    return name, fold(name)


def _member(target: object, name: str | None, folded: str) -> object:
    return MISSING if name is None else lookup(cast("Mapping[str, object]", target), name, folded)


def _position(key: object) -> int | None:
    """A key as a place in an array; None when it cannot be one."""
    number = to_number(key)
    if isnan(number) or number < 0 or number > _MAX_POSITION:
        return None
    return floor(number)


def _item(target: object, position: int | None) -> object:
    items = cast("list[object]", target)
    return MISSING if position is None or position >= len(items) else items[position]


def _watched(run: _Evaluation, node: Watched) -> object:
    return node.told(lambda: run.value(node.inner))


_RULES: dict[type[Node], Callable[[_Evaluation, Any], object]] = {
    Literal: _literal,
    Named: _named,
    Index: _index,
    Call: _call,
    Not: _not,
    Compare: _compare,
    Logical: _logical,
    Watched: _watched,
}
