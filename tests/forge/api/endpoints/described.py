"""Every exchange against our own description: its status, its body to the last key, and no status that never comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from forge.api import description
from forge.api.described.operations import COMMON
from tests.forge.api.endpoints.cases import Operation
from tests.forge.api.endpoints.exchanges import Exchange

#: Documented wherever they may come, and seen where they can be brought about by a case: an ETag, a huge body.
_ANYWHERE = {*COMMON, 304, 413}
#: The doors of agents are described where their client is; they are no part of the API for people.
_ELSEWHERE = ("runner", "lease", "registration")


def all_differences(operation: Operation, seen: Sequence[Exchange]) -> list[str]:
    """Everything that is wrong, either way; of a door of agents nothing."""
    if operation.right in _ELSEWHERE:
        return []
    return [*differences(operation, seen), *never_seen(operation, seen)]


def differences(operation: Operation, seen: Iterable[Exchange]) -> Iterator[str]:
    """Where exchanges are not as the description says."""
    told: set[str] = set()
    for one in seen:
        for wrong in _of(operation, one):
            if wrong not in told:
                told.add(wrong)
                yield f"{one.what or 'success'}: not as our description says: {wrong}"


def never_seen(operation: Operation, seen: Iterable[Exchange]) -> Iterator[str]:
    """Statuses that the description has and no case brought about; and whether nobody may ask as it says."""
    nobody = [one.status < 400 for one in seen if one.what.startswith("anonymous")]
    said = description.document()["paths"][operation.address.rstrip("/")][operation.method.lower()]["security"]
    if nobody and any(nobody) != ({} in said):
        yield f"who shows nothing is let in: {any(nobody)}; our description says { ({} in said) }"
    documented = {int(status) for status in _responses(operation)}
    for status in sorted(documented - {one.status for one in seen} - _ANYWHERE):
        yield f"our description has {status}, and no case sees it"


def _of(operation: Operation, one: Exchange) -> Iterator[str]:
    said = _responses(operation).get(str(one.status))
    if said is None:
        yield f"no status {one.status}"
        return
    content = said.get("content", {})
    if not one.is_json or one.body is None:
        kind = one.headers.get("Content-Type", "").split(";")[0]
        if one.body is not None and not (kind in content or (one.status == 200 and content)) and one.status < 400:
            yield f"{one.status} came as {kind or 'nothing'}, the description has {', '.join(content) or 'nothing'}"
        return
    if "application/json" not in content:
        yield f"{one.status} came with a body: {one.body!r:.200}"
        return
    for error in _validator(str(operation), one.status).iter_errors(one.body):
        yield f"{one.status} {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


@cache
def _validator(name: str, status: int) -> Draft202012Validator:
    method, _, address = name.partition(" ")
    whole = address if address.startswith(("/api/", "/{")) else f"/api/v3{address}".rstrip("/")
    said = _strict()["paths"][whole][method.lower()]["responses"][str(status)]
    return Draft202012Validator(
        {**said["content"]["application/json"]["schema"], "components": _strict()["components"]}
    )


def _responses(operation: Operation) -> dict[str, Any]:
    paths = description.document()["paths"]
    found: dict[str, Any] = paths[operation.address.rstrip("/")][operation.method.lower()]["responses"]
    return found


@cache
def _strict() -> dict[str, Any]:
    """The description whose objects have the keys that it names and no other."""
    document = description.document()
    kept = {"paths": document["paths"], "components": document["components"]}
    found: dict[str, Any] = _closed(kept)
    return found


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: value if key in ("example", "enum") else _closed(value) for key, value in node.items()}
    if made.get("type") == "object" and isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made
