"""The data files put into a description that the generator made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from forge.api.described.notation import schema

_FOLDER = Path(__file__).resolve().parent
_WORDS = {
    200: "Done",
    201: "Made",
    202: "Taken on; it goes on in the background",
    204: "Done; there is nothing to say",
    302: "Where it lies for the next minute",
    304: "Unchanged since the ETag that was sent",
    400: "The request cannot be read",
    401: "No credential, or one that is worth nothing",
    403: "One may look, but not do this",
    404: "Not there, or not to be known of",
    409: "It stands against how things are now",
    410: "It was there once",
    413: "The body is too large",
    422: "It was understood and cannot be done",
    429: "Asked too often; Retry-After says when again",
}
#: May come of any call, whatever it is for. 304 comes of what one may ask for with an ETag.
COMMON = (400, 401, 403, 404, 429)
#: Any of these shows who asks; ``forge.api.description.Credentials`` says what they are.
_SCHEMES = ("bearer", "basic", "session")
_PAGED = {"(per_page)": "int", "(page)": "int"}


@cache
def shapes() -> dict[str, Any]:
    """Every named shape, in the notation."""
    found: dict[str, Any] = _read("schemas.yml")
    return found


@cache
def operations() -> dict[str, dict[str, Any]]:
    """What is said of each operation, by method and whole path."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(_FOLDER.glob("*.yml")):
        if file.name != "schemas.yml":
            found |= {_whole(name): {**(said or {}), "name": name} for name, said in _read(file.name).items()}
    return found


@cache
def examples() -> dict[str, dict[str, Any]]:
    """What was asked and answered first in the test of each operation."""
    found: dict[str, dict[str, Any]] = json.loads((_FOLDER / "examples.json").read_text())
    return found


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of the generator: what it made, with bodies, parameters, statuses and examples."""
    components = result.setdefault("components", {})
    components["schemas"] = {name: schema(said, shapes()) for name, said in shapes().items()}
    for name, said in operations().items():
        method, path = name.split(" ", 1)
        item = result["paths"].setdefault(path, {})
        operation = item.setdefault(method.lower(), {})
        _describe(operation, method, path, said)
    return result


def _describe(operation: dict[str, Any], method: str, path: str, said: Mapping[Any, Any]) -> None:
    for key in ("operationId", "description"):
        if key in said:
            operation[key] = said[key]
    operation["security"] = [{name: []} for name in _SCHEMES] + ([{}] if said.get("anonymous") else [])
    operation["tags"] = [said.get("tag") or _tag(path)]
    operation["parameters"] = [*_parts(operation, path), *_query(said), *_headers(method)]
    operation.pop("requestBody", None)
    shown = examples().get(said["name"], {})
    if "send" in said:
        must = any(not key.startswith("(") for key in said["send"])
        operation["requestBody"] = {**_content(said["send"], shown.get("sent")), "required": must}
    operation["responses"] = _responses(method, path, said, shown)


def _parts(operation: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    """The parts of the path as the generator found them; those of a path that it does not know are text."""
    known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "path"}
    plain = {"in": "path", "required": True, "schema": {"type": "string"}}
    return [known.get(name) or {"name": name, **plain} for name in re.findall(r"{(\w+)}", path)]


def _query(said: Mapping[Any, Any]) -> list[dict[str, Any]]:
    wanted = {**said.get("query", {}), **(_PAGED if said.get("paged") else {})}
    found = []
    for key, kind in wanted.items():
        one: dict[str, Any] = {"in": "query", "name": key.strip("()"), "schema": schema(kind, shapes())}
        found.append(one if key.startswith("(") else {**one, "required": True})
    return found


def _headers(method: str) -> list[dict[str, Any]]:
    tag = {"in": "header", "name": "If-None-Match", "schema": {"type": "string"}}
    return [tag] if method == "GET" else []


def _responses(method: str, path: str, said: Mapping[Any, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    error = "ErrorOfV1" if path.startswith("/api/v1/") else "Error"
    found: dict[str, Any] = {}
    own = {status: value for status, value in said.items() if isinstance(status, int)}
    for status, body in own.items():
        example = shown.get("body") if shown.get("status") == status else None
        found[str(status)] = {"description": _WORDS[status], **_answer(body, example)}
        if status == 302:
            found["302"]["headers"] = {"Location": {"schema": {"type": "string", "format": "uri"}}}
    if method == "GET" and 200 in own and path.startswith("/api/v3"):
        found["304"] = {"description": _WORDS[304]}
    for status in sorted({*COMMON, *said.get("refused", []), *([413] if "send" in said else [])}):
        found[str(status)] = {"description": _WORDS[status], **_content(said.get("error", error), None)}
    return dict(sorted(found.items()))


def _answer(body: Any, example: Any) -> dict[str, Any]:
    if body is None:
        return {}
    if isinstance(body, Mapping) and "media" in body:
        return {"content": {body["media"]: {"schema": {"type": "string"}}}}
    return _content(body, example)


def _content(body: Any, example: Any) -> dict[str, Any]:
    if isinstance(body, str) and "/" in body:  # media types of what is no JSON, and perhaps the shape of what is
        parts = [_content(part, example)["content"] if "/" not in part else _text(part) for part in body.split("|")]
        return {"content": {media: shape for part in parts for media, shape in part.items()}}
    said: dict[str, Any] = {"schema": schema(body, shapes())}
    return {"content": {"application/json": said if example is None else {**said, "example": example}}}


def _text(media: str) -> dict[str, Any]:
    return {media: {"schema": {"type": "string"}}}


def _tag(path: str) -> str:
    """The heading that a call stands under: what kind of thing it is about."""
    below = path.removeprefix("/api/v3").removeprefix("/repos/{owner}/{repo}").removeprefix("/actions")
    below = below.removeprefix("/orgs/{org}/actions").removeprefix("/environments/{environment_name}") or below
    return next((part for part in below.split("/") if part and not part.startswith("{")), "repositories")


def _whole(name: str) -> str:
    method, _, path = name.partition(" ")
    whole = path if path.startswith(("/api/", "/{")) else f"/api/v3{'' if path == '/' else path}"
    return f"{method} {whole}"


def _read(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text())
