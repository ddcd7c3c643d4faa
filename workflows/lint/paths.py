"""What expressions read, as paths: ``github.event.commits[0].message`` is github, event, commits, ``*``, message."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.expressions.ast import Call, Compare, Index, Literal, Logical, Named, Node, Not

#: The context and the keys below it in lower case; ``*`` for any of a list, ``?`` for a key that is computed.
Path = tuple[str, ...]

#: Functions whose value says something about their arguments, but holds nothing of them.
_OPAQUE = frozenset(["contains", "startswith", "endswith", "hashfiles", "success", "failure", "always", "cancelled"])


def path_of(node: Node) -> Path | None:
    """The path that a part of an expression reads; None when it is no plain look-up."""
    keys: list[str] = []
    while isinstance(node, Index):
        keys.append(_segment(node.key))
        node = node.target
    return (node.name.lower(), *reversed(keys)) if isinstance(node, Named) else None


def _segment(key: Node) -> str:
    if isinstance(key, Literal):
        return key.text.lower() if isinstance(key.value, str) else "*"
    return "*" if not key.children and not isinstance(key, Named | Call) else "?"


def all_paths(tree: Node) -> Iterator[Path]:
    """Every look-up in an expression, whatever becomes of it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        path = path_of(node)
        if path is None:
            waiting.extend(reversed(node.children))
            continue
        yield path
        while isinstance(node, Index):
            waiting.append(node.key)
            node = node.target


def shown_paths(tree: Node) -> Iterator[tuple[Path, bool]]:
    """The look-ups whose values can be part of the expression's text, and whether as a whole (by ``toJSON``)."""
    waiting = [(tree, False)]
    while waiting:
        node, whole = waiting.pop()
        path = path_of(node)
        if path is not None:
            yield path, whole
        elif isinstance(node, Logical):
            # What is left of && is the value only where it is empty, false or null.
            shown = node.operands if node.operator == "||" else node.operands[-1:]
            waiting.extend((each, whole) for each in shown)
        elif isinstance(node, Index):
            waiting.append((node.target, whole))
        elif isinstance(node, Call):
            waiting.extend(_arguments(node, whole))
        elif not isinstance(node, Compare | Not):
            waiting.extend((each, whole) for each in node.children)


def _arguments(call: Call, whole: bool) -> Iterator[tuple[Node, bool]]:
    name = call.name.lower()
    if name == "case":
        values = (*call.arguments[1::2], *(call.arguments[-1:] if len(call.arguments) % 2 else ()))
        yield from ((value, whole) for value in values)
    elif name not in _OPAQUE:
        yield from ((argument, whole or name == "tojson") for argument in call.arguments)


def spelled(path: Path) -> re.Pattern[str]:
    """Finds a path in the text of an expression, as far as it is spelled plainly."""
    first, *keys = path
    pattern = rf"(?<![\w.-]){re.escape(first)}"
    for key in keys:
        if key in ("*", "?"):
            break
        name = re.escape(key)
        pattern += rf"\s*(?:\.\s*{name}(?![\w-])|\[\s*'{name}'\s*\])"
    return re.compile(pattern, re.IGNORECASE)
