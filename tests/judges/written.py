"""Expressions as hypothesis writes them: mostly right, some broken, with contexts for them to read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

NAMES = ("github", "needs", "matrix", "n_1")
_KEYS = ("ref", "Ref", "name", "list", "result", "a-b", "x", "_", "with space", "")
_TEXTS = (
    *("", " ", "x", "X", "abc", "ABCD", "b", "true", "null", "NaN", "Infinity", "1", "-1", " 2\t", "0x1F", "0o17"),
    *("1e2", ".5", "1_000", "Object", "Array", "refs/heads/main", "refs/tags/v1.2", "it's", "''", "a}}b", "{0}"),
    *("{1}{0}", "{{{0}}}", "{", "{0:x}", "{2}", "[]", '[1, "a", null]', '{"ref": {"x": [1]}, "name": null}', '"text"'),
    *("1.5", "[1,", "é", "É", "ΑΣ", "ας", "straße", "STRASSE", "ı", "İ", "😊", "\x85", "\u2028", "a\nb", "\\", '"'),
)
#: The last two are written wrongly; those before them have a text on which everybody agrees.
_NUMBERS = (
    *("0", "1", "2", "3", "10", "-1", "+2", "0.5", ".25", "1.", "1e2", "1E-2", "0x1f", "0o17", "-0", "1.2345"),
    *("0.1", "NaN", "Infinity", "-Infinity", "1e21", "123456789012345678", "0X1F", "0b11"),
)
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "&&", "||")
_SPACES = ("", "", "", " ", " ", "\n", "\t", "\r\n")
_PIECES = (
    *(*NAMES, *_OPERATORS, *_NUMBERS, "secrets", "true", "false", "null", "TRUE", "'", "'x'", "'it''s'", ".ref", ".*"),
    *(
        "[*]",
        "[0]",
        "['ref']",
        "[",
        "]",
        "(",
        ")",
        ",",
        ".",
        "*",
        "!",
        "=",
        "&",
        "|",
        "-",
        "+",
        "$",
        "#",
        '"',
        "{",
        "}",
    ),
    *("??", "contains(", "format(", "case(", "nosuch(", "toJSON(", "a.b", "_x", "9a", "\x85", "\xa0", "é", "😊", "\\"),
)
_FUNCTIONS = (
    *(("contains", 2, 2), ("startsWith", 2, 2), ("endsWith", 2, 2), ("join", 1, 2), ("toJSON", 1, 1)),
    *(("fromJSON", 1, 1), ("format", 1, 4), ("case", 3, 5)),
)


@dataclass(frozen=True)
class Written:
    """An expression and what it may read."""

    text: str
    contexts: dict[str, Any]


def _mixed(*weighted: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of several, each as often as its weight says."""
    every = [strategy for weight, strategy in weighted for _ in range(weight)]
    return st.sampled_from(every).flatmap(lambda strategy: strategy)


_plain_texts = _mixed((16, st.sampled_from(_TEXTS[:24])), (3, st.sampled_from(_TEXTS)), (1, st.text(max_size=6)))
_plain_numbers = _mixed(
    (8, st.sampled_from((0, 1, 2, 3, -1, 0.5, 1.25, 100))),
    (3, st.integers(-(10**6), 10**6)),
    (1, st.floats(allow_nan=False, allow_infinity=False)),
)


def _one_spelling(members: dict[str, Any]) -> dict[str, Any]:
    """Of keys that differ only in case the last: no context has two."""
    spellings = {key.lower(): key for key in members}
    return {key: value for key, value in members.items() if spellings[key.lower()] == key}


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), _plain_numbers, _plain_texts, _plain_texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(_KEYS), inner, min_size=1, max_size=3).map(_one_spelling),
    ),
    max_leaves=8,
)
contexts = st.fixed_dictionaries(dict.fromkeys(NAMES, _json))


def quoted(text: str) -> str:
    """A text as a literal of the language."""
    return "'" + text.replace("'", "''") + "'"


_literals = _mixed(
    (6, _plain_texts.map(quoted)),
    (3, st.sampled_from(_NUMBERS[:12])),
    (1, st.sampled_from(_NUMBERS[:-2])),
    (2, st.sampled_from(("true", "false", "null"))),
    (2, _json.map(lambda value: f"fromJSON({quoted(json.dumps(value))})")),
)
_steps = _mixed(
    (4, st.sampled_from(_KEYS[:7]).map(lambda key: f".{key}")),
    (2, st.sampled_from(_KEYS).map(lambda key: f"[{quoted(key)}]")),
    (2, st.sampled_from((".*", "[*]", "[0]", "[1]", "['1']", "[-1]", "[1.7]", "[null]", "[true]", "['x']"))),
)
_reads = st.builds(lambda name, steps: name + "".join(steps), st.sampled_from(NAMES), st.lists(_steps, max_size=4))
_cased = st.sampled_from((str, str, str, str.upper, str.lower))


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counted = st.sampled_from(_FUNCTIONS)
    called = counted.flatmap(
        lambda function: st.builds(
            lambda arguments, cased: f"{cased(function[0])}({', '.join(arguments)})",
            st.lists(inner, min_size=function[1], max_size=function[2]),
            _cased,
        )
    )
    return _mixed(
        (3, called),
        (1, st.builds(lambda one, two: f"format('{{0}}-{{1}}', {one}, {two})", inner, inner)),
        (1, st.builds(lambda one, two, three: f"case({one} == {two}, {two}, {three})", inner, inner, inner)),
    )


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    spaces = st.sampled_from(_SPACES)
    joined = st.builds(
        lambda left, before, operator, after, right: f"{left}{before}{operator}{after}{right}",
        inner, spaces, st.sampled_from(_OPERATORS), spaces, inner,
    )  # fmt: skip
    return _mixed(
        (6, joined),
        (5, _calls(inner)),
        (1, inner.map(lambda text: f"!{text}")),
        (1, st.builds(lambda text, step: f"({text}){step}", inner, st.one_of(st.just(""), _steps))),
        (1, st.builds(lambda name, key: f"{name}[{key}]", _reads, inner)),
    )


def _nested(levels: int) -> st.SearchStrategy[str]:
    leaves = _mixed((3, _reads), (2, _literals))
    if levels == 0:
        return leaves
    inner = _nested(levels - 1)
    return _mixed((1, leaves), (3, _around(inner)))


right = _nested(3)


def _broken(text: str, piece: str, start: int, length: int) -> str:
    start = start % (len(text) + 1)
    return text[:start] + piece + text[start + length :]


broken = _mixed(
    (5, st.builds(_broken, right, st.sampled_from(_PIECES), st.integers(0, 60), st.integers(0, 3))),
    (4, st.builds(_broken, right, st.just(""), st.integers(0, 60), st.integers(1, 8))),
    (2, st.lists(st.sampled_from((*_PIECES, " ", " ")), max_size=12).map("".join)),
    (1, st.text(max_size=12)),
)
#: One in five is broken on purpose.
written = st.builds(Written, _mixed((4, right), (1, broken)), contexts)
