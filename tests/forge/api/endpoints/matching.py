"""What a case says of a body, held against the body that came."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_REFERENCE = re.compile(r"\{(\w+)\}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_WORDS = {
    "<any>": lambda value: True,
    "<int>": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "<text>": lambda value: isinstance(value, str) and value != "",
    "<bool>": lambda value: isinstance(value, bool),
    "<time>": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    "<url>": lambda value: isinstance(value, str) and value.startswith("http://127.0.0.1:8000/"),
    "<sha>": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}", value) is not None,
}


def filled(said: Any, values: Mapping[str, Any]) -> Any:
    """The same with ``{name}`` replaced by what the world has under this name."""
    if isinstance(said, Mapping):
        return {key: filled(value, values) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [filled(value, values) for value in said]
    if not isinstance(said, str):
        return said
    whole = _REFERENCE.fullmatch(said)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _REFERENCE.sub(lambda found: str(values.get(found[1], found[0])), said)


def differences(pattern: Any, value: Any, at: str = "body") -> Iterator[str]:
    """Where a body is not what the pattern says. A mapping says what must be in it at least; a list is as long as it
    says; ``<int>`` and its like are any such value; a text that begins with ``~`` is a regular expression."""
    if isinstance(pattern, Mapping) and isinstance(value, Mapping):
        for key, inner in pattern.items():
            if key not in value:
                yield f"{at}.{key} is not there"
            else:
                yield from differences(inner, value[key], f"{at}.{key}")
    elif isinstance(pattern, list) and isinstance(value, list):
        if len(pattern) != len(value):
            yield f"{at} has {len(value)} items, not {len(pattern)}: {value!r:.300}"
        for number, (inner, one) in enumerate(zip(pattern, value, strict=False)):
            yield from differences(inner, one, f"{at}[{number}]")
    elif not _is(pattern, value):
        yield f"{at} is {value!r:.300}, not {pattern!r}"


def _is(pattern: Any, value: Any) -> bool:
    if isinstance(pattern, str):
        if pattern in _WORDS:
            return bool(_WORDS[pattern](value))
        if pattern.startswith("~"):
            return isinstance(value, str) and re.search(pattern[1:], value, re.DOTALL) is not None
    return type(pattern) is type(value) and bool(pattern == value)
