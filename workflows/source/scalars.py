"""Texts to values, by YAML 1.2's core schema and its tags."""

from __future__ import annotations

import re

from workflows.source.nodes import Value

#: How the tags of YAML's own types begin.
TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BEFORE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+])?\.(inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_EXACT = 2.0**53
_TYPES: dict[str, tuple[type, ...]] = {
    TAG + "null": (type(None),),
    TAG + "bool": (bool,),
    TAG + "int": (int, float),
    TAG + "float": (int, float),
}
_STYLES = {"'": "SingleQuoted", '"': "DoubleQuoted", "|": "Literal", ">": "Folded"}


class BadTag(ValueError):
    """A tag that does not go with its text; the message says why."""


def plain(text: str) -> Value:
    """What an unquoted text means in YAML 1.2's core schema. Numbers are doubles, whole ones given as int."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEFORE_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        if text.startswith(("0o", "0x")):
            return _number(float(int(text, 0))) if len(text) < 200 else float("inf")
        return _number(float(text))
    if _FLOAT.fullmatch(text):
        return _number(float(text))
    special = _SPECIAL.fullmatch(text)
    if special is None:
        return text
    return float("nan") if special.group(2) is None else float((special.group(1) or "") + "inf")


def tagged(text: str, tag: str, style: str | None, line: int, column: int) -> Value:
    """What a text with a tag means; BadTag, in GitHub's words, when it has none of this type."""
    if tag in ("!", TAG + "str"):
        return text
    where = f"on line {line} and column {column}"
    if style in _STYLES:
        raise BadTag(f"The scalar style '{_STYLES[style]}' {where} is not valid with the tag '{tag}'")
    if tag not in _TYPES:
        raise BadTag(f"Unexpected tag '{tag}'")
    value = plain(text)
    if type(value) not in _TYPES[tag]:
        raise BadTag(f"The value '{text}' {where} is invalid for the type '{tag}'")
    return value


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < _EXACT else value
