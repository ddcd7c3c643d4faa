"""GitHub's own description of its API, where it lies beside the project: every answer is held against it."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.absent import absent

_PLACE = (
    Path(os.environ.get("OPENAPI_DIR", Path(__file__).resolve().parents[4] / "shared" / "openapi")) / "actions.json"
)


def check(answer: Any, path: str, method: str = "get", status: int = 200) -> None:
    """Fail with every difference between an answer's body and what the description says of it."""
    operation = _document()["paths"][path][method]
    content = _resolved(operation["responses"][str(status)]).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is not None:
        _check(answer, schema)
    else:
        assert not answer, f"a body where the description has none: {answer!r:.200}"


def is_here() -> bool:
    """Whether it lies beside the project."""
    return _PLACE.exists()


def statuses(path: str, method: str) -> set[int]:
    """What it says that a call may answer."""
    return {int(status) for status in _document()["paths"][path][method.lower()]["responses"] if status.isdigit()}


def has(path: str, method: str) -> bool:
    """Whether the description has this call."""
    return method.lower() in _document()["paths"].get(path, {})


def check_shape(answer: Any, name: str) -> None:
    """The same against one schema by its name."""
    _check(answer, {"$ref": f"#/components/schemas/{name}"})


def _check(answer: Any, schema: dict[str, Any]) -> None:
    whole = {**schema, "components": _document()["components"]}
    wrong = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in Draft202012Validator(whole).iter_errors(answer)
    ]
    assert not wrong, "\n".join(wrong)


@cache
def _document() -> dict[str, Any]:
    if not _PLACE.exists():
        absent(f"GitHub's description of its API is not at {_PLACE} (OPENAPI_DIR names another folder)")
    document: dict[str, Any] = json.loads(_PLACE.read_text())
    _draft_2020(document)
    return document


def _draft_2020(node: Any) -> None:
    """OpenAPI 3.0 writes ``nullable``; JSON Schema has ``null`` as a type, and as a value of an enum."""
    if isinstance(node, list):
        for one in node:
            _draft_2020(one)
    if not isinstance(node, dict):
        return
    for one in list(node.values()):
        _draft_2020(one)
    if node.pop("nullable", False) is True:
        if isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
        for word in ("allOf", "anyOf", "oneOf", "$ref"):
            if word in node and "type" not in node:
                node["anyOf"] = [{word: node.pop(word)}, {"type": "null"}]


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = _document()
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]
