"""What an expression can hold, and how one kind of value becomes another.

Values are plain Python: None, bool, float or int, str, list, dict. The rules are those of GitHub's own
evaluator: JavaScript's abstract comparison, with two differences – texts compare by ordinal without
case, and arrays and objects are never coerced, only equal to themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import inf, isnan, nan
from typing import Final, Literal, TypeAlias

from workflows.errors import ExpressionError

Value: TypeAlias = bool | int | float | str | list[object] | dict[str, object] | None
Kind: TypeAlias = Literal["Null", "Boolean", "Number", "String", "Array", "Object"]

#: What .NET and the language call white space; Python's own idea also has the separators U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_KINDS: dict[type, Kind] = {
    type(None): "Null",
    bool: "Boolean",
    float: "Number",
    int: "Number",
    str: "String",
    list: "Array",
    dict: "Object",
}
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_INFINITY = re.compile(r"[+-]?infinity", re.IGNORECASE | re.ASCII)
_BOOLEAN_OR_TEXT = (bool, str)
_COLLECTIONS: Final = ("Array", "Object")
#: Integers below this are written in full; from here on fifteen digits no longer hold them.
_FIFTEEN_DIGITS = 10**15


class Filtered(list[object]):
    """The array that a ``*`` makes: what is looked up in it is looked up in each of its items."""


class CaseSensitive(dict[str, object]):
    """An object whose keys keep their case, as ``env`` has on Linux; every other object ignores it."""


class _Missing:
    """Told apart from null by filters: a missing key adds nothing, a null one adds null."""


MISSING: Final = _Missing()


def kind(value: object) -> Kind:
    """The kind of a value, by GitHub's words; ExpressionError when no expression can hold it."""
    known = _KINDS.get(type(value))
    if known is not None:
        return known
    if isinstance(value, str):
        return "String"
    if isinstance(value, Mapping):
        return "Object"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return "Array"
    if isinstance(value, int | float):
        return "Number"
    raise ExpressionError("evaluation", f"An expression cannot hold a value of the type '{type(value).__name__}'")


def is_primitive(value: object) -> bool:
    """True for everything but arrays and objects."""
    return type(value) is str or kind(value) not in _COLLECTIONS


def truthy(value: object) -> bool:
    """False for null, false, 0, NaN and the empty text; true for all else, empty arrays and objects too."""
    if value is None or isinstance(value, _BOOLEAN_OR_TEXT):
        return bool(value)
    if kind(value) == "Number":
        number = to_number(value)
        return number != 0 and not isnan(number)
    return True


def to_text(value: object) -> str:
    """The text of a value: null is empty, arrays and objects are only named."""
    if type(value) is str:
        return value
    match kind(value):
        case "String":
            return str(value)
        case "Null":
            return ""
        case "Boolean":
            return "true" if value else "false"
        case "Number":
            return _number_text(value)  # type: ignore[arg-type]  # kind has said that it is one
        case word:
            return word


def _number_text(value: float) -> str:
    """Fifteen significant digits, as .NET's format G15 writes them; negative zero is 0."""
    if isinstance(value, int) and -_FIFTEEN_DIGITS < value < _FIFTEEN_DIGITS:
        return str(int(value))
    number = to_number(value)
    if isnan(number):
        return "NaN"
    if number in (inf, -inf):
        return "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and -_FIFTEEN_DIGITS < number < _FIFTEEN_DIGITS:
        return str(int(number))
    return f"{number:.15g}".upper()


def to_number(value: object) -> float:
    """The number of a value; NaN for arrays, objects and texts that are none."""
    match kind(value):
        case "Number":
            try:
                return float(value)  # type: ignore[arg-type]  # kind has said that it is one
            except OverflowError:
                return inf if value > 0 else -inf  # type: ignore[operator]
        case "String":
            return parse_number(str(value))
        case "Null":
            return 0.0
        case "Boolean":
            return 1.0 if value else 0.0
        case _:
            return nan


def parse_number(text: str) -> float:
    """The number that a text stands for, as in GitHub's C#: empty is 0, nonsense is NaN.

    Like JavaScript's ``Number``, but that hexadecimal and octal ones have 32 bits with a sign and that infinity
    may be written in any case.
    """
    text = text.strip(WHITE_SPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, base in ((_HEXADECIMAL, 16), (_OCTAL, 8)):
        if pattern.fullmatch(text):
            return _signed(int(text[2:], base))
    return float(text) if _INFINITY.fullmatch(text) else nan


def _signed(number: int) -> float:
    if number >= 2**32:
        return nan
    return float(number - 2**32 if number >= 2**31 else number)


class _UpperCase(dict[int, int]):
    """Simple upper case, one code point to one, as ordinal comparison wants it; filled as it is asked."""

    def __missing__(self, code: int) -> int:
        upper = _upper(chr(code))
        if upper == code:
            return code  # not kept: a million characters have no case
        self[code] = upper
        return upper


def _upper(character: str) -> int:
    code = ord(character)
    if character in "ıſ":  # their upper case would be the ASCII letters I and S; ordinal rules leave them alone
        return code
    for candidate in (character.upper(), character.title()):  # the title case is simple where the upper is not
        if len(candidate) == 1:
            return ord(candidate)
    return code


_UPPER_CASE = _UpperCase()


def fold(text: str) -> str:
    """The text by which ordinal comparison without case compares."""
    return text.upper() if text.isascii() else text.translate(_UPPER_CASE)


def lookup(mapping: Mapping[str, object], name: str, folded: str) -> object:
    """The value under a name, whatever its case; of several spellings the first wins. MISSING when none is."""
    if isinstance(mapping, CaseSensitive):
        return mapping.get(name, MISSING)
    size = len(folded)
    for key in mapping:
        if key == name or (len(key) == size and fold(key) == folded):
            return mapping[key]
    return MISSING


def equals(left: object, right: object) -> bool:
    """``left == right``."""
    if type(left) is str and type(right) is str:  # by far the most frequent
        return left == right or (len(left) == len(right) and fold(left) == fold(right))
    left, right, kinds = _coerce(left, right)
    match kinds:
        case "Null":
            return True
        case "String":  # of a type that is derived from str, such as the words of workflows.states
            return fold(str(left)) == fold(str(right))
        case "Number":
            return to_number(left) == to_number(right)
        case "Boolean":
            return left == right
        case "Array" | "Object":
            return left is right
        case _:
            return False


def less(left: object, right: object) -> bool:
    """``left < right``; false for whatever has no order."""
    left, right, kinds = _coerce(left, right)
    match kinds:
        case "Number":
            return to_number(left) < to_number(right)
        case "Boolean":
            return bool(right) and not left
        case "String":
            return _units(fold(str(left))) < _units(fold(str(right)))
        case _:
            return False


def _units(text: str) -> bytes:
    """UTF-16, whose units are what ordinal comparison orders by."""
    return text.encode("utf-16-be", "surrogatepass")


def _coerce(left: object, right: object) -> tuple[object, object, Kind | None]:
    """Both sides as the kind by which they compare; None for it when they cannot."""
    left_kind, right_kind = kind(left), kind(right)
    if left_kind == right_kind:
        return left, right, left_kind
    if left_kind in ("Array", "Object") or right_kind in ("Array", "Object"):
        return left, right, None
    return to_number(left), to_number(right), "Number"
