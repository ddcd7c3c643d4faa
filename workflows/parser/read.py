"""Nodes to plain values, leniently: what has the wrong type was reported by the check and reads as absent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from workflows import expressions
from workflows.errors import ExpressionError
from workflows.expressions.values import WHITE_SPACE
from workflows.model import Defaults, Table
from workflows.parser.check import is_expression, text_of
from workflows.source import Mapping, Node, Scalar, Sequence

#: Words of status functions: without any of them, a condition calls none.
_STATUS = re.compile("|".join(expressions.STATUS_FUNCTIONS), re.IGNORECASE)
#: Longer texts than any expression may be.
_CACHED_LENGTH = 22_000
#: The values of a mapping by key.
Keys = dict[str, Node]


def entries(node: Node | None) -> Iterator[tuple[Scalar, Node]]:
    """Key and value of a mapping; nothing for anything else."""
    if isinstance(node, Mapping):
        yield from node.entries


def get(node: Node | None, key: str) -> Node | None:
    """The value of a key; None when there is none."""
    return node.get(key) if isinstance(node, Mapping) else None


def keyed(node: Node | None) -> Keys:
    """The values of a mapping by key, for many a look; empty for anything else."""
    return {key.text: value for key, value in node.entries} if isinstance(node, Mapping) else {}


def text(node: Node | None) -> str | None:
    """A scalar's text; None for what is absent or no scalar."""
    return text_of(node) if isinstance(node, Scalar) else None


def as_written(node: Node | None) -> str:
    """A scalar's text as it stands there, where 010 is 010; "" for what is absent or no scalar."""
    if not isinstance(node, Scalar):
        return ""
    return text_of(node) if isinstance(node.value, str) else node.text


def filled(node: Node | None) -> str | None:
    """A scalar's text; None also when it is empty."""
    return text(node) or None


def texts(node: Node | None) -> tuple[tuple[str, Scalar], ...]:
    """One text or a list of them, each with its node."""
    if isinstance(node, Scalar):
        return ((text_of(node), node),)
    if isinstance(node, Sequence):
        return tuple((text_of(item), item) for item in node.items if isinstance(item, Scalar))
    return ()


def own_entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Name and value of a mapping whose keys are the author's own.

    Every ``${{ insert }}`` is spelled so; from the second on with a space more each, to keep them apart.
    """
    inserts = 0
    for key, value in entries(node):
        name = text_of(key)
        if expressions.is_insert(name):
            name = "${{ insert" + " " * inserts + " }}"
            inserts += 1
        yield name, value


def texts_by_key(node: Node | None) -> dict[str, str]:
    """A mapping of texts."""
    return {name: text_of(value) for name, value in own_entries(node) if isinstance(value, Scalar)}


def table(node: Node | None) -> Table:
    """A mapping of texts, or the one expression that stands for it."""
    return text_of(node) if isinstance(node, Scalar) and is_expression(node) else texts_by_key(node)


def has_expression(node: Node) -> bool:
    """True when there is one anywhere in it."""
    if isinstance(node, Scalar):
        return is_expression(node)
    if isinstance(node, Sequence):
        return any(map(has_expression, node.items))
    return any(is_expression(key) or has_expression(value) for key, value in node.entries)


def flag(node: Node | None, default: bool) -> bool | str:
    """A boolean, or the expression for it."""
    if isinstance(node, Scalar):
        if isinstance(node.value, bool):
            return node.value
        if is_expression(node):
            return str(node.value)
    return default


def number(node: Node | None) -> float | str | None:
    """A number, or the expression for it."""
    if isinstance(node, Scalar):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return float(node.value)
        if is_expression(node):
            return str(node.value)
    return None


def condition(node: Node | None) -> str:
    """An ``if`` with its status function; of one that the check refused, anything."""
    said = text(node)
    if not said:
        return "success()"
    return _conditions(said) if len(said) <= _CACHED_LENGTH else _condition(said)


def _condition(said: str) -> str:
    if "${{" not in said and not _STATUS.search(said):  # what most of them are, and what needs no parsing
        bare = said.strip(WHITE_SPACE)
        return f"success() && ({bare})" if bare else "success()"
    try:
        return expressions.condition(said)
    except ExpressionError:
        return "success()"


_conditions = lru_cache(maxsize=512)(_condition)


def defaults(node: Node | None) -> Defaults:
    """``defaults`` of a workflow or a job."""
    run = get(node, "run")
    return Defaults(filled(get(run, "shell")), filled(get(run, "working-directory")))


def plain(node: Node) -> object:
    """Any node as plain data: dict, list and scalars, texts with their expressions as written."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(value) for name, value in own_entries(node)}
