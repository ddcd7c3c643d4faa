"""Where we and GitHub's packages differ on purpose: the list, and how each difference is known.

``differences.yml`` holds for each an id, what it is, why we do otherwise, and examples. A sign here says whether two
answers to one expression differ for that reason; it is as narrow as it can be. ``python -m tests.judges.differences``
prints the tables of docs/differences.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.judges.answers import Answer
from tests.judges.written import Written
from workflows.expressions.values import fold

_LIST = Path(__file__).with_suffix(".yml")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")
_ODD_SPACE = re.compile("[\v\f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]")
_EDGE_SPACE = re.compile(r"""['"](?:\x85|\ufeff|\\x85|\\ufeff)|(?:\x85|\ufeff|\\x85|\\ufeff)['"]""")
_DOT_AFTER_LITERAL = re.compile(r"(?:'|\b(?:true|false|null|NaN|Infinity)|(?<![\w-])[0-9][\w.]*|\.)\s*\.")
_LAZY = re.compile(r"(?i)\b(?:case|format|contains|join)\s*\(|\[")

Sign = Callable[[Written, Answer, Answer], bool]


def _outside(question: Written) -> str:
    """The expression without what is in quotes."""
    return _LITERAL.sub("''", question.text)


def _everything(question: Written) -> str:
    return f"{question.text} {question.contexts!r}"


def _quotes(question: Written, mine: Answer, other: Answer) -> bool:
    literals = [found[1:-1].count("''") for found in _LITERAL.findall(question.text)]
    return max(literals, default=0) > 1 and not mine.is_error


def _number_text(question: Written, mine: Answer, other: Answer) -> bool:
    """A number is somewhere that fifteen significant digits and fifteen after the point write differently."""
    return not mine.is_error and any(_is_written_otherwise(text) for text in _NUMBER.findall(_everything(question)))


def _is_written_otherwise(text: str) -> bool:
    number = abs(float(text))
    return number >= 1e15 or 0 < number < 1e-4 or (not number.is_integer() and len(repr(number)) > 16)


def _case_of_letters(question: Written, mine: Answer, other: Answer) -> bool:
    letters = {letter for letter in _everything(question) if not letter.isascii()}
    return not mine.is_error and any(
        letter.upper() != fold(letter) or fold(letter.lower()) != fold(letter) for letter in letters
    )


def _trailing_comma(question: Written, mine: Answer, other: Answer) -> bool:
    return mine.kind == "parsing" and re.search(r",\s*\)", _outside(question)) is not None


def _white_space(question: Written, mine: Answer, other: Answer) -> bool:
    return other.kind == "lexing" and _ODD_SPACE.search(_outside(question)) is not None


def _space_in_numbers(question: Written, mine: Answer, other: Answer) -> bool:
    return not mine.is_error and _EDGE_SPACE.search(_everything(question)) is not None


def _not_taken(question: Written, mine: Answer, other: Answer) -> bool:
    return not mine.is_error and other.kind == "evaluation" and _LAZY.search(_outside(question)) is not None


def _dot(question: Written, mine: Answer, other: Answer) -> bool:
    return (
        mine.kind in ("lexing", "parsing")
        and other.kind == "lexing"
        and bool(_DOT_AFTER_LITERAL.search(_outside(question)))
    )


def _specifier(question: Written, mine: Answer, other: Answer) -> bool:
    return (
        mine.kind == "evaluation" and not other.is_error and re.search(r"\{[0-9]+", _everything(question)) is not None
    )


def _radix(question: Written, mine: Answer, other: Answer) -> bool:
    return (
        re.search(r"0[bBXO]|0x[89a-fA-F][0-9a-fA-F]{7}|0x[0-9a-fA-F]{9}|0o[2-7]?[0-7]{11}", question.text) is not None
    )


def _infinity(question: Written, mine: Answer, other: Answer) -> bool:
    return re.search(r"(?!Infinity)(?i:infinity)", _everything(question)) is not None


def _key_order(question: Written, mine: Answer, other: Answer) -> bool:
    return (
        not mine.is_error and not other.is_error and re.search(r'["\']\d+["\']\s*:', _everything(question)) is not None
    )


def _json_infinity(question: Written, mine: Answer, other: Answer) -> bool:
    writes = re.search(r"(?i)\btojson\s*\(", _outside(question)) is not None
    return writes and re.search(r"NaN|Infinity|[0-9][eE]\+?[0-9]{3}", _everything(question)) is not None


def _depth(question: Written, mine: Answer, other: Answer) -> bool:
    return "expression depth 50" in mine.message


SIGNS: dict[str, Sign] = {
    "quotes": _quotes,
    "number-text": _number_text,
    "case-of-letters": _case_of_letters,
    "trailing-comma": _trailing_comma,
    "white-space": _white_space,
    "space-in-numbers": _space_in_numbers,
    "not-taken": _not_taken,
    "dot-after-literal": _dot,
    "format": _specifier,
    "radix": _radix,
    "infinity": _infinity,
    "key-order": _key_order,
    "json-infinity": _json_infinity,
    "depth": _depth,
}


def entries() -> list[dict[str, Any]]:
    """The list for expressions, as it is written."""
    return _read()["expressions"]


def workflow_entries() -> list[dict[str, Any]]:
    """The list for workflows: what only one side refuses."""
    return _read()["workflows"]


def _read() -> dict[str, list[dict[str, Any]]]:
    read: dict[str, list[dict[str, Any]]] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return read


def known(question: Written, mine: Answer, other: Answer) -> str:
    """The id of the difference that this is; empty when it is none of the list."""
    return next((name for name, sign in SIGNS.items() if sign(question, mine, other)), "")


def workflow_table() -> str:
    """The list for workflows as the page shows it."""
    rows = ["| workflow | refused by | why |", "|---|---|---|"]
    who = {"ours": "us", "theirs": "GitHub's package"}
    rows += [f"| {entry['what']} | {who[entry['who']]} | {entry['why']} |" for entry in workflow_entries()]
    return "\n".join(rows)


def table() -> str:
    """The list for expressions as the page shows it."""
    rows = ["| difference | expression | ours | GitHub's package | why |", "|---|---|---|---|---|"]
    for entry in entries():
        example = entry["examples"][0]
        told = [_cell(_short(example[key])) for key in ("expr", "ours", "theirs")]
        rows.append(f"| {entry['what']} | {' | '.join(told)} | {' '.join(entry['why'].split())} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return "`` " + text.replace("|", "\\|").replace("\xa0", "␣").replace("\x85", "␤") + " ``"


def _short(text: str) -> str:
    text = text.partition(". Located")[0]
    return text if len(text) <= 60 else f"{text[:50]}…"


if __name__ == "__main__":
    print(f"{table()}\n\n{workflow_table()}")
