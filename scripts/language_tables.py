#!/usr/bin/env python3
"""Write the tables of docs/language anew from the schema: `.venv/bin/python -m scripts.language_tables`.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. What the schema knows (keys, types, whether they must
be there, what expressions see) comes from it; what a key is for is said in `docs/language/keys.yml`. A key without a
word there, and a word without a key, are errors.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from workflows import matrix, parser, source
from workflows.expressions import ast, budget, functions, lexer
from workflows.lint import RULES
from workflows.parser import interface
from workflows.schema import ROOT, Context, Place, Shape, action, contexts, events, jobs

PAGES = Path(__file__).resolve().parent.parent / "docs" / "language"
#: More words than these make a list of their own.
_MOST_WORDS = 10
_TABLE = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_JOB, _CALL = jobs.JOB.shapes
_STEPS = _JOB.keys["steps"].place.items or Place()
_CALL_EVENT = events.EVENTS["workflow_call"].place.shapes[0]
#: The tables of keys: one shape of mapping each, with the context that it inherits.
_SHAPES: dict[str, tuple[Shape, Context | None]] = {
    "workflow": (ROOT.shapes[0], None),
    "defaults-run": (ROOT.shapes[0].keys["defaults"].place.shapes[0].keys["run"].place.shapes[0], None),
    "concurrency": (ROOT.shapes[0].keys["concurrency"].place.shapes[0], contexts.WORKFLOW),
    "job": (_JOB, None),
    "call": (_CALL, None),
    "runs-on": (_JOB.keys["runs-on"].place.shapes[0], contexts.JOB),
    "strategy": (_JOB.keys["strategy"].place.shapes[0], contexts.NEEDS),
    "service": ((_JOB.keys["services"].place.shapes[0].loose or Place()).shapes[0], contexts.JOB),
    "environment": (_JOB.keys["environment"].place.shapes[0], contexts.JOB),
    "snapshot": (_JOB.keys["snapshot"].place.shapes[0], contexts.JOB),
    "step-run": (_STEPS.shapes[0], None),
    "step-uses": (_STEPS.shapes[1], None),
    "dispatch-input": (
        (events.EVENTS["workflow_dispatch"].place.shapes[0].keys["inputs"].place.shapes[0].loose or Place()).shapes[0],
        None,
    ),
    "schedule": ((events.EVENTS["schedule"].place.items or Place()).shapes[0], None),
    "call-input": ((_CALL_EVENT.keys["inputs"].place.shapes[0].loose or Place()).shapes[0], None),
    "call-secret": ((_CALL_EVENT.keys["secrets"].place.shapes[0].loose or Place()).shapes[0], None),
    "call-output": ((_CALL_EVENT.keys["outputs"].place.shapes[0].loose or Place()).shapes[0], None),
    "action": (action.root(None).shapes[0], None),
    "action-input": ((action.root(None).shapes[0].keys["inputs"].place.shapes[0].loose or Place()).shapes[0], None),
    "action-output": ((action.root(None).shapes[0].keys["outputs"].place.shapes[0].loose or Place()).shapes[0], None),
    "runs-node": (action.NODE.shapes[0], None),
    "runs-docker": (action.DOCKER.shapes[0], None),
    "runs-composite": (action.COMPOSITE.shapes[0], None),
    "composite-run": ((action.COMPOSITE.shapes[0].keys["steps"].place.items or Place()).shapes[0], None),
    "composite-uses": ((action.COMPOSITE.shapes[0].keys["steps"].place.items or Place()).shapes[1], None),
}
_CONTEXTS: dict[str, Context] = {
    name: value for name, value in vars(contexts).items() if isinstance(value, Context) and not name.startswith("_")
}


def written(page: str) -> str:
    """A page with its tables as the schema has them now."""
    return _TABLE.sub(lambda match: f"{match[1]}{_table(match[2])}\n{match[3]}", page)


def _table(name: str) -> str:
    return "\n".join(_TABLES[name]() if name in _TABLES else _keys(name))


def _rows(*head: str) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]


def _keys(name: str) -> list[str]:
    shape, outer = _SHAPES[name]
    meanings = _meanings()[name]
    if set(meanings) != set(shape.keys):
        raise ValueError(f"keys.yml, {name}: {sorted(set(meanings) ^ set(shape.keys))} differ from the schema")
    rows = _rows("key", "value", "expressions", "what")
    for key, rule in shape.keys.items():
        must = " (required)" if rule.required else ""
        rows.append(f"| `{key}`{must} | {_value(rule.place)} | {_seen(rule.place, outer)} | {meanings[key]} |")
    return rows


def _meanings() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load((PAGES / "keys.yml").read_text())
    return found


def _value(place: Place) -> str:
    """What may stand at a place, in words."""
    if place.anything:
        return "anything"
    kinds = [
        ("a condition", place.condition),
        (_some(place.words), bool(place.words)),
        ("text", place.text and not place.words and not place.condition),
        ("number", place.number and not place.text),
        ("`true` or `false`", place.flag and not place.text),
        ("mapping", bool(place.shapes)),
        ("nothing", place.null),
    ]
    said = [words for words, holds in kinds if holds]
    if place.items is not None:
        said.append("list" if place.items.shapes or place.items.anything else f"list of {_value(place.items)}")
    return "; ".join(said)


def _some(words: Sequence[str]) -> str:
    """Words that are allowed; of very many, how many there are."""
    return f"one of {len(words)} words" if len(words) > _MOST_WORDS else ", ".join(f"`{word}`" for word in words)


def _seen(place: Place, outer: Context | None) -> str:
    """The contexts of a place; of a table of the author's own keys, those of its values."""
    context = place.context or outer
    if context is None and len(place.shapes) == 1 and place.shapes[0].loose is not None and not place.shapes[0].keys:
        context = place.shapes[0].loose.context
    if context is None and place.items is not None:
        context = place.items.context
    if context is None:
        return "none" if not place.shapes and place.items is None else ""
    name = next(name for name, value in _CONTEXTS.items() if value is context)
    return f"[{name.lower().replace('_', '-')}](expressions.md#where-which)"


def _availability() -> list[str]:
    rows = _rows("kind of place", "contexts", "functions beside those of every place")
    for name, context in _CONTEXTS.items():
        names = ", ".join(f"`{one}`" for one in sorted(context.names))
        own = ", ".join(f"`{one}`" for one in sorted(context.functions)) or "none"
        rows.append(f"| {name.lower().replace('_', '-')} | {names} | {own} |")
    return rows


def _events() -> list[str]:
    rows = _rows("event", "filters", "activity types")
    for name, key in events.EVENTS.items():
        keys = {each for shape in key.place.shapes for each in shape.keys} - {"types"}
        filters = ", ".join(f"`{each}`" for each in sorted(keys))
        types = ", ".join(f"`{each}`" for each in events.ACTIVITIES.get(name, ()))
        rows.append(f"| `{name}` | {filters} | {types} |")
    return rows


def _permissions() -> list[str]:
    rows = _rows("permission", "levels")
    for name, place in jobs.PERMISSIONS.items():
        rows.append(f"| `{name}` | {', '.join(f'`{word}`' for word in place.words)} |")
    return rows


def _functions() -> list[str]:
    rows = _rows("function", "arguments", "what")
    meanings = _words("functions", functions.BUILT_IN)
    for name, what in meanings.items():
        one = functions.BUILT_IN[name.lower()]
        most = "or more" if one.most == functions.MAX_ARGUMENTS else f"to {one.most}"
        count = str(one.least) if one.least == one.most else f"{one.least} {most}"
        rows.append(f"| `{name}` | {count}{', an odd number' if one.odd else ''} | {what} |")
    return rows


def _own_functions() -> list[str]:
    known = {name for context in _CONTEXTS.values() for name in context.functions}
    meanings = _words("own-functions", known)
    return [*_rows("function", "what"), *(f"| `{name}` | {what} |" for name, what in meanings.items())]


def _contexts() -> list[str]:
    known = {name for context in _CONTEXTS.values() for name in context.names}
    meanings = _words("contexts", known)
    return [*_rows("context", "what"), *(f"| `{name}` | {what} |" for name, what in meanings.items())]


def _words(table: str, known: Iterable[str]) -> dict[str, str]:
    """What keys.yml says of names that there are, all of them and no other."""
    meanings = _meanings()[table]
    differ = {name.lower() for name in meanings} ^ {name.lower() for name in known}
    if differ:
        raise ValueError(f"keys.yml, {table}: {sorted(differ)} are named there or are there, but not both")
    return meanings


def _limits() -> list[str]:
    limits, called = source.LIMITS, parser.Called({})
    said = (
        ("a file", f"{limits.bytes:,} bytes"),
        ("its depth", f"{limits.depth} levels"),
        ("its nodes, with what aliases repeat", f"{limits.nodes:,}; a long text counts for several"),
        ("its aliases", f"{limits.aliases:,}"),
        ("an expression", f"{lexer.MAX_LENGTH:,} characters, {ast.MAX_DEPTH} levels"),
        ("arguments of a function", f"{functions.MAX_ARGUMENTS}"),
        ("what one expression may hold while it is evaluated", f"{budget.EXPRESSION_MEMORY >> 20} MiB"),
        ("what all expressions of one text may hold", f"{budget.TEMPLATE_MEMORY >> 20} MiB"),
        ("legs of a matrix", f"{matrix.MOST_COMBINATIONS}"),
        ("inputs of `workflow_dispatch`", f"{interface.MOST_DISPATCH_INPUTS}"),
        ("calls below one another", f"{called.depth} levels below the first workflow"),
        ("different workflows that are called", f"{called.different}"),
        ("jobs of a workflow with all that it calls", f"{called.jobs:,}"),
    )
    return [*_rows("what", "at most"), *(f"| {what} | {most} |" for what, most in said)]


def _lint_rules() -> list[str]:
    rows = _rows("rule", "warns of")
    rows += [f"| [`{rule.name}`](#{rule.name}) | {rule.what} |" for rule in RULES]
    for rule in RULES:
        rows += ["", f"## {rule.name}", "", rule.why, "", "```yaml", *rule.example.rstrip("\n").split("\n"), "```"]
    return rows


_TABLES: dict[str, Callable[[], list[str]]] = {
    "availability": _availability,
    "events": _events,
    "permissions": _permissions,
    "contexts": _contexts,
    "functions": _functions,
    "own-functions": _own_functions,
    "limits": _limits,
    "lint-rules": _lint_rules,
}


def tables_in(page: str) -> Iterator[str]:
    """The names of the tables of a page."""
    return (match[2] for match in _TABLE.finditer(page))


def every_table() -> set[str]:
    """The names of all tables that there are."""
    return {*_SHAPES, *_TABLES}


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(written(path.read_text()))
    sys.exit(0)
