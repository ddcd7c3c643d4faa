"""docs/endpoints.md and the examples of the description, from the exchanges that were checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.forge.api.endpoints.cases import NOTHING, Operation, operations, titles
from tests.forge.api.endpoints.exchanges import Exchange

_ROOT = Path(__file__).resolve().parents[4]
PAGE = _ROOT / "docs" / "endpoints.md"
EXAMPLES = _ROOT / "forge" / "api" / "described" / "examples.json"
_TABLES = re.compile(r"(<!-- endpoints -->\n).*(<!-- end -->)", re.DOTALL)
_ROW = re.compile(r"^\| ([A-Z]+) \| `([^`]+)` \|.*$", re.MULTILINE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_TOKEN = re.compile(r"(sh[a-z]_)[\w-]{20,}")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")  # of a package, which every change of the agent changes
_SIGNED = re.compile(r"([?&]token=)(?!sh)[^&]+")  # an address that opens one thing for some minutes
_ENCODED = re.compile(r"\beyJ[\w+/=]{40,}")  # JSON in Base64, with a credential in it


def row(operation: Operation, seen: Iterable[Exchange]) -> str:
    """The line of an operation."""
    statuses = sorted({one.status for one in seen})
    done = ", ".join(str(status) for status in statuses if status < 400)
    refused = ", ".join(str(status) for status in statuses if status >= 400)
    right = operation.right + (
        f" (scope {' or '.join(f'`{one}`' for one in operation.scopes)})" if operation.scopes else ""
    )
    shape = operation.own or "official"
    return f"| {operation.method} | `{operation.address}` | {right} | {done} | {refused or '–'} | {shape} |"


def written(text: str, rows: Mapping[str, str]) -> str:
    """The page with its tables anew; ``rows`` by what an operation is called. A row that is not given stays."""
    had = {(row[1], row[2]): row[0] for row in _ROW.finditer(text)}
    parts = []
    for area, title in titles().items():
        parts.append(f"\n## {title}\n\n| method | path | right | done | refused | shape |\n|---|---|---|---|---|---|\n")
        own = [one for one in operations() if one.area == area]
        found = [rows.get(str(one)) or had.get((one.method, one.address)) for one in own]
        parts += [f"{row}\n" for row in found if row]
    return _TABLES.sub(lambda match: f"{match[1]}{''.join(parts)}\n{match[2]}", text)


def known_examples() -> dict[str, Any]:
    """The examples by operation, as they are kept."""
    found: dict[str, Any] = json.loads(EXAMPLES.read_text()) if EXAMPLES.exists() else {}
    return found


def example(seen: Iterable[Exchange]) -> dict[str, Any]:
    """What was sent and answered first of all, without what is different each time. Lists are cut to one item."""
    first = next(iter(seen))
    shown: dict[str, Any] = {"status": first.status}
    if first.sent is not NOTHING and not isinstance(first.sent, str):
        shown["sent"] = _steady(first.sent)
    if first.is_json and first.operation.path != "/openapi.json":
        shown["body"] = _steady(first.body)
    return shown


def shape(value: Any) -> Any:
    """The types of a value, for telling whether an example is still like what is answered."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


def write(examples: Mapping[str, Any], rows: Mapping[str, str]) -> None:
    """Put what was seen into both files; what was not seen this time stays, if it is still an operation."""
    PAGE.write_text(written(PAGE.read_text(), rows))
    names = {str(one) for one in operations()}
    kept = {name: shown for name, shown in {**known_examples(), **examples}.items() if name in names}
    EXAMPLES.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_steady(one) for one in value[:1]]
    if isinstance(value, str):
        steady = _TOKEN.sub(r"\1example", _TIME.sub("2026-01-15T12:00:00Z", value))
        steady = _SIGNED.sub(r"\1example", steady)
        return _ENCODED.sub("eyJleGFtcGxl", _DIGEST.sub("0" * 64, steady))
    return value
