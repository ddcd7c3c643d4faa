"""Regular expressions: only what every supported Python reads the same way."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from tests.conventions.source import ROOT, python_files

#: CPython up to 3.11.4 - Debian 12 has 3.11.2 - matches these wrongly round groups (python/cpython#101955).
_UNRELIABLE = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}


def _operations(parsed: Any) -> Iterator[str]:
    if isinstance(parsed, (tuple, list)) or type(parsed).__name__ == "SubPattern":
        for part in parsed:
            yield from _operations(part)
    elif type(parsed).__name__ == "_NamedIntConstant":
        yield str(parsed)


def _patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for path in python_files("workflows", "runner", "forge"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if "project" in name or name.endswith(("__main__", "wsgi", "asgi")):
            continue
        for variable, value in vars(importlib.import_module(name)).items():
            if isinstance(value, re.Pattern):
                yield f"{name}.{variable}", value


def test_no_pattern_is_possessive() -> None:
    found = dict(_patterns())
    assert len(found) > 20
    parse = importlib.import_module("re._parser").parse
    wrong = [name for name, each in found.items() if _UNRELIABLE & set(_operations(parse(each.pattern, each.flags)))]
    assert wrong == [], "write exclusive alternatives instead: they are as linear"


def test_a_possessive_pattern_is_noticed() -> None:
    parse = importlib.import_module("re._parser").parse
    assert set(_operations(parse("(?:x(?:a++b)|(?>c))"))) >= _UNRELIABLE
