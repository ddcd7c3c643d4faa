"""A short way to write JSON Schema, for data files.

``text``, ``int``, ``number``, ``bool``, ``time``, ``url``, ``any`` are what they say; ``queued|running`` is one of
these words; a name with a capital is a shape of ``schemas.yml``; ``|null`` after any of them allows null as well.
``[X]`` is a list of X. A mapping is an object: its keys are there always, but for ``(key)`` in brackets; ``"*": X``
says what other keys have; ``"+": Name`` (or a list of names) takes over the keys of another object.
``{one of: [X, Y]}`` is either of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "url": {"type": "string", "format": "uri"},
    "any": {},
}
Said = str | list[Any] | Mapping[str, Any]


def schema(said: Said, known: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema; ``known`` are the shapes by name. ValueError for a word that is none."""
    if isinstance(said, list):
        return {"type": "array", "items": schema(said[0], known)}
    if isinstance(said, Mapping):
        return _object(said, known)
    if said.endswith("|null"):
        return _or_null(schema(said.removesuffix("|null"), known))
    if said in _PLAIN:
        return dict(_PLAIN[said])
    if said in known:
        return {"$ref": f"#/components/schemas/{said}"}
    if "|" in said:
        return {"type": "string", "enum": said.split("|")}
    raise ValueError(f"{said!r} is no word of the notation and no shape")


def _object(said: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    if "one of" in said:
        return {"anyOf": [schema(one, known) for one in said["one of"]]}
    taken = said.get("+", [])
    made: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for name in [taken] if isinstance(taken, str) else taken:
        other = _object(known[name], known)
        made["properties"] |= other["properties"]
        made["required"] += other.get("required", [])
    for key, value in said.items():
        if key == "*":
            made["additionalProperties"] = schema(value, known)
        elif key != "+":
            name = key.strip("()")
            made["properties"][name] = schema(value, known)
            if name == key and name not in made["required"]:
                made["required"].append(name)
    if not made["required"]:
        del made["required"]
    return made


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    if "enum" in made:
        return {"type": ["string", "null"], "enum": [*made["enum"], None]}
    if isinstance(made.get("type"), str):
        return {**made, "type": [made["type"], "null"]}
    return {"anyOf": [made, {"type": "null"}]} if made else {}
