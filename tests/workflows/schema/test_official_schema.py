"""Our schema against the official one: every key, type, allowed value, required key, context and function."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.workflows import conformance
from workflows.schema import ROOT, Context, Place, Shape

_SNAPSHOT = "the schema that runs on the server has these contexts and functions here, and the cases evaluate there"
_STATUS = "['always(0,0)', 'cancelled(0,0)', 'failure(0,MAX)', 'success(0,MAX)']"
_JOB = "['github', 'inputs', 'matrix', 'needs', 'strategy', 'vars']"
_TYPO = "the official file has the name of another event here, by mistake"
_DEPRECATED = "the public schema of the editors knows it, and files use it"
_NOTHING = "the server reads an input without a word as a text, and inputs without any as none"
#: Every difference, and why it is there.
ON_PURPOSE = {
    f".jobs.*<0>.snapshot.if: context {_STATUS}": _SNAPSHOT,
    f".jobs.*<0>.snapshot.image-name: context {_JOB}": _SNAPSHOT,
    f".jobs.*<0>.snapshot.version: context {_JOB}": _SNAPSHOT,
    f".jobs.*<0>.snapshot: context {_JOB}": _SNAPSHOT,
    ".jobs.*<0>.steps[]<5>.parallel[]<5>.parallel[]: 5 forms for 6": "blocks in blocks are refused anyway",
    ".on.repository_dispatch.types: ['filled text'] for []": "one type without a list, as every other event reads it",
    ".on.workflow_call.inputs.*: more key deprecationMessage": _DEPRECATED,
    ".on.workflow_dispatch.inputs.*: ['null'] for []": _NOTHING,
    ".on.workflow_dispatch.inputs.*: more key deprecationMessage": _DEPRECATED,
    ".on.workflow_dispatch.inputs: ['null'] for []": _NOTHING,
    ".on: more word repository_dispatch": _TYPO,
    ".on[]: more word repository_dispatch": _TYPO,
}

_FUNCTION = re.compile(r"(\w+)\((\d+),(\d+|MAX)\)")
_DEEPEST = 12


@dataclass
class Theirs:
    """What an official definition allows, its alternatives laid out."""

    kinds: set[str] = field(default_factory=set)  # text, filled text, flag, number, null, anything
    words: set[str] = field(default_factory=set)
    items: str | None = None
    mappings: list[dict[str, Any]] = field(default_factory=list)
    context: frozenset[str] = frozenset()


class Official:
    """The definitions of the official file."""

    def __init__(self, definitions: Mapping[str, dict[str, Any]]) -> None:
        self._definitions = definitions

    def get(self, name: str, outer: frozenset[str]) -> Theirs:
        found = Theirs(context=outer | frozenset(self._definitions.get(name, {}).get("context", ())))
        self._add(name, found)
        return found

    def _add(self, name: str, found: Theirs) -> None:
        definition = self._definitions.get(name)
        if definition is None:
            definition = {"sequence": {"sequence": {"item-type": "any"}}}.get(name, {name: {}})
        for inner in definition.get("one-of", ()):
            self._add(inner, found)
        text = definition.get("string")
        if text is not None and "constant" in text:
            found.words.add(text["constant"])
        elif text is not None:
            found.kinds.add("filled text" if text.get("require-non-empty") else "text")
        found.words.update(definition.get("allowed-values", ()))
        found.kinds.update({"boolean": "flag"}.get(k, k) for k in ("boolean", "number", "null") if k in definition)
        if "any" in definition:
            found.kinds.add("anything")
        if "sequence" in definition:
            found.items = definition["sequence"]["item-type"]
        if "mapping" in definition:
            found.mappings.append(definition["mapping"])


def _kinds(place: Place) -> set[str]:
    kinds = {name for name in ("flag", "number", "null") if getattr(place, name)}
    if place.text and not place.words:
        kinds.add("filled text" if place.non_empty else "text")
    return kinds | ({"anything"} if place.anything else set())


def _context(context: Context | None) -> frozenset[str]:
    if context is None:
        return frozenset()
    counts = {name: (least, "MAX" if most == 255 else most) for name, (least, most) in context.functions.items()}
    return context.names | {f"{name}({least},{most})" for name, (least, most) in counts.items()}


def _same_context(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    return ours == frozenset(one.replace(",255)", ",MAX)") for one in theirs)


def _differences(
    place: Place, name: str, official: Official, at: str, outer: Context | None, around: frozenset[str], depth: int = 0
) -> Iterator[str]:
    theirs = official.get(name, around)
    context = place.context or outer
    if _kinds(place) != theirs.kinds:
        yield f"{at}: {sorted(_kinds(place))} for {sorted(theirs.kinds)}"
    if place.words or theirs.words:
        yield from (f"{at}: more word {word}" for word in sorted(set(place.words) - theirs.words))
        yield from (f"{at}: less word {word}" for word in sorted(theirs.words - set(place.words)))
    if not _same_context(_context(context), theirs.context):
        yield f"{at}: context {sorted(_context(context) ^ theirs.context)}"
    if (place.items is None) != (theirs.items is None):
        yield f"{at}: a list"
    elif place.items is not None and theirs.items is not None:
        yield from _differences(place.items, theirs.items, official, f"{at}[]", context, theirs.context, depth + 1)
    if place.anything or depth > _DEEPEST:
        return
    if len(place.shapes) != len(theirs.mappings):
        yield f"{at}: {len(place.shapes)} forms for {len(theirs.mappings)}"
    for number, (shape, mapping) in enumerate(zip(place.shapes, theirs.mappings, strict=False)):
        where = at if len(place.shapes) == 1 else f"{at}<{number}>"
        yield from _of_mapping(shape, mapping, official, where, context, theirs.context, depth)


def _of_mapping(
    shape: Shape,
    mapping: dict[str, Any],
    official: Official,
    at: str,
    context: Context | None,
    around: frozenset[str],
    depth: int,
) -> Iterator[str]:
    known = {key: rule if isinstance(rule, dict) else {"type": rule} for key, rule in _properties(mapping).items()}
    for key in sorted(set(shape.keys) ^ set(known)):
        yield f"{at}: {'more' if key in shape.keys else 'less'} key {key}"
    for key in [key for key in shape.keys if key in known]:
        if shape.keys[key].required != known[key].get("required", False):
            yield f"{at}.{key}: required"
        yield from _differences(
            shape.keys[key].place, known[key]["type"], official, f"{at}.{key}", context, around, depth + 1
        )
    loose = mapping.get("loose-value-type")
    if (loose is None) != (shape.loose is None):
        yield f"{at}: keys of the author's own"
    elif loose is not None and shape.loose is not None:
        yield from _differences(shape.loose, loose, official, f"{at}.*", context, around, depth + 1)


def _properties(mapping: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = mapping.get("properties", {})
    return found


def test_our_schema_is_the_official_one_but_for_what_is_on_purpose() -> None:
    (path,) = conformance.require("schemas", "workflow-v1.0.languageservices.json", 1)
    official = Official(json.loads(path.read_text(encoding="utf-8"))["definitions"])
    found = sorted(set(_differences(ROOT, "workflow-root-strict", official, "", None, frozenset())))
    assert found == sorted(ON_PURPOSE)
