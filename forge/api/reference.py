"""The description of the API as pages, for people: an index of its calls, and a page of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from forge.api import description
from forge.errors import NotFound
from forge.web import door
from forge.web.errors import page

#: Paths under a repository's id are the same calls once more; the index names those by owner and name.
_TWICE = "/api/v3/repositories/{repository_id}"


class Call(NamedTuple):
    """One operation of the description."""

    id: str
    method: str
    path: str
    tag: str
    said: Mapping[str, Any]

    @property
    def what(self) -> str:
        """What it is for, in the first words of its description."""
        text: str = self.said.get("description", "")
        return text.split("\n", 1)[0]


class Body(NamedTuple):
    """A body as the page shows it: its media type, its shape and an example, both as JSON text."""

    media: str
    shape: str
    example: str


@cache
def calls() -> Mapping[str, Call]:
    """Every operation by its id, in the order of their paths."""
    return {call.id: call for call in _calls()}


@require_safe
@page
def index(request: HttpRequest) -> HttpResponse:
    """All of them, by what they are about."""
    groups: dict[str, list[Call]] = {}
    for call in calls().values():
        groups.setdefault(call.tag, []).append(call)
    return door.show(request, "api/index.html", groups=sorted(groups.items()))


@require_safe
@page
def operation(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One: what it takes, what it answers, an example of both."""
    call = calls().get(operation_id)
    if call is None:
        raise NotFound
    answers = [(status, one["description"], _body(one)) for status, one in call.said["responses"].items()]
    context: dict[str, Any] = {
        "call": call,
        "parameters": [(one, _text(one["schema"])) for one in call.said.get("parameters", ())],
        "sent": _body(call.said.get("requestBody", {})),
        "answers": [(status, what, shown) for status, what, shown in answers if status < "400"],
        "refusals": [(status, what) for status, what, _ in answers if status >= "400"],
    }
    return door.show(request, "api/operation.html", **context)


def _calls() -> Iterator[Call]:
    for path, item in sorted(description.document()["paths"].items()):
        for method, said in item.items():
            if not path.startswith(_TWICE):
                yield Call(said["operationId"], method.upper(), path, (said.get("tags") or ["api"])[0], said)


def _body(said: Mapping[str, Any]) -> Body | None:
    for media, one in said.get("content", {}).items():
        example = json.dumps(one["example"], indent=2, ensure_ascii=False) if "example" in one else ""
        return Body(media, _text(one["schema"]), example)
    return None


def _text(schema: Mapping[str, Any]) -> str:
    """A schema as people read it: one line for what is simple, else JSON with the types in the places of values."""
    plain = _plain(schema, frozenset())
    return plain if isinstance(plain, str) else json.dumps(plain, indent=2, ensure_ascii=False)


def _plain(schema: Mapping[str, Any], within: frozenset[str]) -> Any:
    """Types in the places of values; a shape that stands within itself is only named."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        found = description.document()["components"]["schemas"][name]
        return name if name in within else _plain(found, within | {name})
    if "anyOf" in schema:
        return _plain(schema["anyOf"][0], within)
    if "properties" in schema:
        must = schema.get("required", ())
        parts = schema["properties"].items()
        return {name if name in must else f"{name}?": _plain(one, within) for name, one in parts}
    if "items" in schema:
        return [_plain(schema["items"], within)]
    if "enum" in schema:
        return " | ".join("null" if one is None else str(one) for one in schema["enum"])
    kinds = schema.get("type", "anything")
    word = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{word} ({schema['format']})" if "format" in schema else word
